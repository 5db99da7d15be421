DROP POLICY parent_ends ON delegations;
DROP POLICY parent_sees ON delegations;
DROP POLICY invited ON users;
REVOKE INSERT (user_id, email, name, password_hash) ON users FROM dialnexa_gate;
DROP POLICY presented ON invitations;
DROP TABLE invitation_letters, invitations;
DROP FUNCTION current_link();
