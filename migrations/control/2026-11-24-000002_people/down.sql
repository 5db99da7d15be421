DROP TABLE password_resets, api_keys, delegations, session_keys, sessions, memberships, users CASCADE;
