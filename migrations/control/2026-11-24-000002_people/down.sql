DROP TABLE password_resets, api_keys, delegations, sessions, memberships, users CASCADE;
