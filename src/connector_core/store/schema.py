"""The tables of the store, as an ordered list of migrations.

A migration is never changed once it has shipped; a new one is added. The number of applied migrations is the file's
`user_version`, so that opening a store brings it up to date inside one transaction.
"""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE source (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        covers TEXT NOT NULL DEFAULT '',
        last_file_at TEXT
    ) STRICT;
    CREATE TABLE file (
        number INTEGER PRIMARY KEY,
        source INTEGER NOT NULL REFERENCES source (number),
        sha256 TEXT NOT NULL,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        state TEXT NOT NULL,
        connector TEXT,
        dialect TEXT,
        signature TEXT,
        rows INTEGER NOT NULL DEFAULT 0,
        new_rows INTEGER NOT NULL DEFAULT 0,
        rejects INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        taken_at TEXT NOT NULL,
        done_at TEXT,
        UNIQUE (source, sha256)
    ) STRICT;
    CREATE INDEX file_waiting ON file (source) WHERE state = 'waiting';
    CREATE TABLE reject (
        file INTEGER NOT NULL REFERENCES file (number),
        place TEXT NOT NULL,
        reason TEXT NOT NULL,
        raw BLOB
    ) STRICT;
    CREATE INDEX reject_by_file ON reject (file);
    CREATE TABLE seen (
        source INTEGER NOT NULL,
        signature TEXT NOT NULL,
        file INTEGER NOT NULL REFERENCES file (number),
        hashes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX seen_by_source ON seen (source, signature);
    CREATE TABLE stale (
        source INTEGER NOT NULL,
        hash BLOB NOT NULL,
        PRIMARY KEY (source, hash)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE lookup (
        source INTEGER NOT NULL,
        table_name TEXT NOT NULL,
        key TEXT NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (source, table_name, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE dossier (
        number INTEGER PRIMARY KEY,
        patient_id TEXT NOT NULL,
        wake_on TEXT,
        blob BLOB NOT NULL
    ) STRICT;
    CREATE INDEX dossier_by_wake ON dossier (wake_on) WHERE wake_on IS NOT NULL;
    CREATE TABLE patient (
        source INTEGER NOT NULL,
        id TEXT NOT NULL,
        dossier INTEGER NOT NULL,
        PRIMARY KEY (source, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX patient_by_dossier ON patient (dossier);
    CREATE TABLE person (
        key TEXT PRIMARY KEY,
        dossier INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX person_by_dossier ON person (dossier);
    CREATE TABLE household (
        key TEXT NOT NULL,
        dossier INTEGER NOT NULL,
        PRIMARY KEY (key, dossier)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX household_by_dossier ON household (dossier);
    CREATE TABLE invoice (
        number TEXT NOT NULL,
        dossier INTEGER NOT NULL,
        PRIMARY KEY (number, dossier)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX invoice_by_dossier ON invoice (dossier);
    CREATE TABLE orphan (
        invoice_number TEXT NOT NULL,
        kind INTEGER NOT NULL,
        record BLOB NOT NULL
    ) STRICT;
    CREATE INDEX orphan_by_invoice ON orphan (invoice_number);
    CREATE TABLE shared (
        kind INTEGER NOT NULL,
        source INTEGER NOT NULL,
        id TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (kind, source, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE gathering (
        subject TEXT NOT NULL,
        key TEXT NOT NULL,
        records BLOB NOT NULL
    ) STRICT;
    CREATE INDEX gathering_by_key ON gathering (subject, key);
    CREATE TABLE finding (
        fingerprint TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        rule TEXT NOT NULL,
        severity TEXT NOT NULL,
        state TEXT NOT NULL,
        digest TEXT NOT NULL,
        opened_on TEXT NOT NULL,
        changed_on TEXT NOT NULL,
        reason TEXT,
        body BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX finding_by_owner ON finding (owner);
    CREATE INDEX finding_by_state ON finding (state, digest, fingerprint);
    CREATE TABLE undetermined (
        number INTEGER PRIMARY KEY,
        owner TEXT NOT NULL UNIQUE,
        answers BLOB NOT NULL
    ) STRICT;
    CREATE TABLE doubt (
        owner TEXT NOT NULL,
        text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX doubt_by_owner ON doubt (owner);
    CREATE TABLE outbox (
        slot TEXT PRIMARY KEY,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        body BLOB NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        queued_at TEXT NOT NULL,
        due_at TEXT NOT NULL,
        done_at TEXT,
        problem TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE decision (
        id TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE fact (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE claim (
        number TEXT NOT NULL,
        dossier INTEGER NOT NULL,
        practitioner TEXT NOT NULL,
        lot TEXT NOT NULL,
        apart INTEGER NOT NULL,
        PRIMARY KEY (number, dossier, practitioner, lot)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX claim_by_dossier ON claim (dossier);
    INSERT INTO claim SELECT number, dossier, '', '', 0 FROM invoice;
    DROP TABLE invoice;
    """,
    """
    CREATE TABLE held (
        source INTEGER NOT NULL,
        table_name TEXT NOT NULL,
        hashes BLOB NOT NULL,
        PRIMARY KEY (source, table_name)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE flag (
        mark TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        place TEXT NOT NULL,
        spot TEXT NOT NULL,
        body BLOB NOT NULL,
        state TEXT NOT NULL,
        intent TEXT,
        changed_at TEXT NOT NULL,
        problem TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX flag_by_source ON flag (source, place, spot);
    CREATE TABLE spot (
        source TEXT NOT NULL,
        place TEXT NOT NULL,
        spot TEXT NOT NULL,
        content BLOB,
        intended BLOB,
        PRIMARY KEY (source, place, spot)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE held ADD COLUMN keys BLOB;
    ALTER TABLE held ADD COLUMN waiting BLOB NOT NULL DEFAULT x'';
    """,
    """
    CREATE TABLE dated_claim (
        number TEXT NOT NULL,
        dossier INTEGER NOT NULL,
        practitioner TEXT NOT NULL,
        lot TEXT NOT NULL,
        closed_on TEXT NOT NULL,
        apart INTEGER NOT NULL,
        PRIMARY KEY (number, dossier, practitioner, lot, closed_on)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO dated_claim SELECT number, dossier, practitioner, lot, '', apart FROM claim;
    DROP TABLE claim;
    ALTER TABLE dated_claim RENAME TO claim;
    CREATE INDEX claim_by_dossier ON claim (dossier);
    """,
    """
    CREATE TABLE whereabouts (
        record INTEGER PRIMARY KEY,
        dossier INTEGER NOT NULL
    ) STRICT;
    """,
    """
    INSERT INTO fact SELECT 'unordered', '' WHERE EXISTS (SELECT 1 FROM dossier);
    """,
)
