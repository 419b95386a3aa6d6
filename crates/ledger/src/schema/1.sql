-- Read by SQLite and PostgreSQL alike. Never changed once it was released: what comes later is in a file of its own.

CREATE TABLE tokens (
    name TEXT PRIMARY KEY,
    -- By what a client shows that it has the token: a secret or a certificate, as the hexadecimal digits of its SHA-256.
    kind TEXT NOT NULL CHECK (kind IN ('secret', 'certificate')),
    digest TEXT NOT NULL,
    every_model BOOLEAN NOT NULL,
    -- Seconds since 1970.
    created BIGINT NOT NULL,
    last_used BIGINT,
    revoked BIGINT,
    UNIQUE (kind, digest)
);

-- The models of tokens that aren't for every model.
CREATE TABLE token_models (
    token TEXT NOT NULL REFERENCES tokens (name),
    model TEXT NOT NULL,
    PRIMARY KEY (token, model)
);

CREATE TABLE quotas (
    token TEXT NOT NULL REFERENCES tokens (name),
    unit TEXT NOT NULL CHECK (unit IN ('records', 'microseconds')),
    period TEXT NOT NULL CHECK (period IN ('day', 'month', 'all')),
    amount BIGINT NOT NULL CHECK (amount > 0),
    PRIMARY KEY (token, unit, period)
);

-- What was charged. A day of UTC is a number such as 20261129.
CREATE TABLE charges (
    token TEXT NOT NULL REFERENCES tokens (name),
    day BIGINT NOT NULL,
    model TEXT NOT NULL,
    requests BIGINT NOT NULL,
    records BIGINT NOT NULL,
    microseconds BIGINT NOT NULL,
    PRIMARY KEY (token, day, model)
);
