-- Invitations to an account (domain.md 5.4, trust.md S13).

CREATE TABLE invitations (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    invitation_id uuid NOT NULL,
    email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    -- On whose right it stands: a person's or a key's, looked at again as it is accepted.
    inviter_kind text NOT NULL CHECK (inviter_kind IN ('person', 'api_key', 'platform')),
    inviter_id uuid,
    -- Of the organization above a sub-account: then without a name, which is not the sub-account's to know.
    inviter_is_above boolean NOT NULL DEFAULT false,
    inviter_name text CHECK (inviter_name IS NULL OR NOT inviter_is_above),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid,
    revoked_at timestamptz,
    PRIMARY KEY (organization_id, account_id, invitation_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE UNIQUE INDEX one_open_invitation ON invitations (organization_id, account_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
CALL isolate_account_rows('invitations', 'SELECT, INSERT, UPDATE, DELETE');

-- A letter with a link to accept one. The row is the job of sending it; the link of the
-- newest letter works, and those before it are known to be replaced.
CREATE TABLE invitation_letters (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    letter_id uuid NOT NULL,
    invitation_id uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    token_hash bytea UNIQUE,
    replaced_at timestamptz,
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    -- Nothing is left to be done about it: it was sent, given up or is no longer wanted.
    settled_at timestamptz,
    PRIMARY KEY (organization_id, account_id, letter_id),
    FOREIGN KEY (organization_id, account_id, invitation_id) REFERENCES invitations ON DELETE CASCADE
);
CREATE INDEX invitation_letters_to_send ON invitation_letters (requested_at) WHERE settled_at IS NULL;
CREATE INDEX invitation_letters_by_time ON invitation_letters (organization_id, account_id, requested_at);
CREATE INDEX invitation_letters_of ON invitation_letters (organization_id, account_id, invitation_id);
CALL isolate_account_rows('invitation_letters', 'SELECT, INSERT, UPDATE, DELETE');

-- SHA-256 of what the link holds by which somebody comes.
CREATE FUNCTION current_link() RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    RETURN decode(NULLIF(current_setting('app.link_hash', true), ''), 'hex');

-- The gate sees the invitation whose link is presented to it, and where a letter waits
-- to be sent; the sending itself is done in the account that the row names.
CREATE POLICY presented ON invitation_letters FOR SELECT TO dialnexa_gate
    USING (token_hash = (SELECT current_link()));
CREATE POLICY waiting ON invitation_letters FOR SELECT TO dialnexa_gate USING (settled_at IS NULL);
GRANT SELECT (organization_id, account_id, letter_id, invitation_id, requested_at, token_hash, claimed_until,
    settled_at) ON invitation_letters TO dialnexa_gate;
CREATE POLICY presented ON invitations FOR SELECT TO dialnexa_gate USING (
    EXISTS (SELECT FROM invitation_letters l WHERE l.organization_id = invitations.organization_id
        AND l.account_id = invitations.account_id AND l.invitation_id = invitations.invitation_id
        AND l.token_hash = (SELECT current_link())));
GRANT SELECT (organization_id, account_id, invitation_id, email, expires_at, accepted_at, revoked_at)
    ON invitations TO dialnexa_gate;

-- Whoever comes by the link of an open invitation may begin to sign in, under the address
-- that it was sent to and no other.
GRANT INSERT (user_id, email, name, password_hash) ON users TO dialnexa_gate;
CREATE POLICY invited ON users AS RESTRICTIVE FOR INSERT TO dialnexa_gate WITH CHECK (
    EXISTS (SELECT FROM invitations i JOIN invitation_letters l
            ON l.organization_id = i.organization_id AND l.account_id = i.account_id
            AND l.invitation_id = i.invitation_id
        WHERE l.token_hash = (SELECT current_link()) AND i.email = users.email
            AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()));

-- A parent ends the visits of its own people as they lose the right to them.
CREATE POLICY parent_sees ON delegations FOR SELECT TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
CREATE POLICY parent_ends ON delegations FOR UPDATE TO dialnexa_tenant
    USING (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()))
    WITH CHECK (organization_id = (SELECT current_organization()) AND organization_id = (SELECT current_account()));
