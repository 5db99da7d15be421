-- Who signs in, and where they may go (domain.md 5).

-- A person belongs to no tenant: being invited to one account says nothing of another.
CREATE TABLE users (
    user_id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) <= 254),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    password_hash text,
    time_zone text NOT NULL DEFAULT 'Asia/Kolkata',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE memberships (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    user_id uuid NOT NULL REFERENCES users,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, account_id, user_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CREATE INDEX memberships_of_user ON memberships (user_id, account_id);
CREATE UNIQUE INDEX one_owner_per_account ON memberships (organization_id, account_id) WHERE role = 'owner';
CALL isolate_account_rows('memberships', 'SELECT, INSERT, UPDATE, DELETE');

-- A browser that is signed in. What its cookie holds is a key of the session, kept as a
-- hash: a copy of these tables signs nobody in.
CREATE TABLE sessions (
    session_id uuid PRIMARY KEY,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    state jsonb NOT NULL,
    ip text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
-- A key that was changed for another still opens the session for some seconds, so that
-- what the browser asked for in the same moment is answered.
CREATE TABLE session_keys (
    key_hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    retires_at timestamptz
);
CREATE INDEX session_keys_of_session ON session_keys (session_id);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- One stay of a parent administrator inside a sub-account (domain.md 2.5).
CREATE TABLE delegations (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    delegation_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    session_id uuid NOT NULL,
    reason text CHECK (length(reason) <= 200),
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (organization_id, account_id, delegation_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts,
    CHECK (expires_at <= started_at + interval '60 minutes')
);
CREATE UNIQUE INDEX one_stay_per_session ON delegations (session_id, account_id) WHERE ended_at IS NULL;
CREATE INDEX delegations_to_expire ON delegations (expires_at) WHERE ended_at IS NULL;
CALL isolate_account_rows('delegations', 'SELECT, INSERT, UPDATE');

CREATE TABLE api_keys (
    organization_id uuid NOT NULL DEFAULT current_organization(),
    account_id uuid NOT NULL DEFAULT current_account(),
    api_key_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    mode text NOT NULL CHECK (mode IN ('live', 'test')),
    token_hash bytea NOT NULL UNIQUE,
    token_hint text NOT NULL,
    created_by uuid REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (organization_id, account_id, api_key_id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts
);
CALL isolate_account_rows('api_keys', 'SELECT, INSERT, UPDATE');

-- A request to set a new password. The row is the job: it is written alike for every
-- address, and what happens next is decided away from the asker's eyes.
CREATE TABLE password_resets (
    password_reset_id uuid PRIMARY KEY,
    email text NOT NULL,
    ip text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    settled_at timestamptz,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    token_hash bytea UNIQUE,
    expires_at timestamptz,
    used_at timestamptz
);
CREATE INDEX password_resets_to_settle ON password_resets (requested_at) WHERE settled_at IS NULL;
CREATE INDEX password_resets_by_email ON password_resets (email, requested_at);

GRANT SELECT, UPDATE (password_hash) ON users TO dialnexa_gate;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, session_keys, password_resets TO dialnexa_gate;
GRANT SELECT, INSERT ON users TO dialnexa_operator;

-- The gate reads what concerns one person: their memberships and the accounts these
-- open, a parent's administrator counting for the sub-accounts beneath.
CREATE POLICY own ON memberships FOR SELECT TO dialnexa_gate USING (user_id = (SELECT current_person()));
CREATE POLICY own ON delegations FOR SELECT TO dialnexa_gate USING (user_id = (SELECT current_person()));
CREATE POLICY opened ON accounts FOR SELECT TO dialnexa_gate USING (
    EXISTS (SELECT FROM memberships m WHERE m.organization_id = accounts.organization_id
        AND m.account_id IN (accounts.account_id, accounts.organization_id)));
CREATE POLICY opened ON organizations FOR SELECT TO dialnexa_gate USING (
    EXISTS (SELECT FROM memberships m WHERE m.organization_id = organizations.organization_id
        AND m.account_id = organizations.organization_id));
CREATE POLICY opened ON sub_accounts FOR SELECT TO dialnexa_gate USING (
    EXISTS (SELECT FROM memberships m WHERE m.organization_id = sub_accounts.organization_id
        AND m.account_id IN (sub_accounts.sub_account_id, sub_accounts.organization_id)));
CREATE POLICY opened ON brands FOR SELECT TO dialnexa_gate USING (
    EXISTS (SELECT FROM memberships m WHERE m.organization_id = brands.organization_id));
GRANT SELECT ON memberships, delegations, accounts, organizations, sub_accounts, brands TO dialnexa_gate;

-- An account sees the people who are its members, or who stayed in it.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY gate ON users TO dialnexa_gate USING (true) WITH CHECK (true);
CREATE POLICY operator ON users TO dialnexa_operator USING (true) WITH CHECK (true);
CREATE POLICY members ON users FOR SELECT TO dialnexa_tenant USING (
    EXISTS (SELECT FROM memberships m WHERE m.user_id = users.user_id
        AND m.organization_id = (SELECT current_organization()) AND m.account_id = (SELECT current_account())));
GRANT SELECT ON users TO dialnexa_tenant;
-- A person who was a member of a deleted sub-account and of nothing else goes with it.
-- Whoever is still needed elsewhere is kept by the foreign keys.
CREATE POLICY erasure ON users TO dialnexa_eraser USING (true) WITH CHECK (false);
GRANT SELECT (user_id), DELETE ON users TO dialnexa_eraser;
