-- Read by SQLite and PostgreSQL alike. Never changed once it was released: what comes later is in a file of its own.

-- What of vouchers has been used. Rows of a secret that no service has any more may be deleted.
CREATE TABLE spent_vouchers (
    -- What the vouchers were derived from.
    secret TEXT NOT NULL,
    voucher TEXT NOT NULL,
    -- Whether its second use came, too.
    is_ended BOOLEAN NOT NULL,
    PRIMARY KEY (secret, voucher)
);
