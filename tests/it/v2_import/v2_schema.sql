-- The tables of UNOC v2, as SQLAlchemy made them from its models (see the contract of v2).

CREATE TYPE devicetype AS ENUM ('BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER', 'OLT', 'AON_SWITCH', 'ONT',
    'BUSINESS_ONT', 'AON_CPE', 'POP', 'CORE_SITE', 'ODF', 'NVT', 'SPLITTER', 'HOP');
CREATE TYPE status AS ENUM ('UP', 'DOWN', 'DEGRADED');
CREATE TYPE interfacetype AS ENUM ('ETHERNET', 'OPTICAL', 'LOOPBACK');

CREATE TABLE devices (
    id SERIAL NOT NULL,
    name VARCHAR NOT NULL,
    device_type devicetype NOT NULL,
    status status NOT NULL,
    x FLOAT NOT NULL,
    y FLOAT NOT NULL,
    tx_power_dbm FLOAT,
    sensitivity_min_dbm FLOAT,
    insertion_loss_db FLOAT,
    parent_container_id INTEGER,
    status_override status,
    override_reason VARCHAR(255),
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (parent_container_id) REFERENCES devices (id)
);
CREATE UNIQUE INDEX ix_devices_name ON devices (name);

CREATE TABLE interfaces (
    id SERIAL NOT NULL,
    name VARCHAR NOT NULL,
    interface_type interfacetype NOT NULL,
    status status NOT NULL,
    device_id INTEGER NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (device_id) REFERENCES devices (id)
);
CREATE INDEX ix_interfaces_device_id ON interfaces (device_id);

CREATE TABLE links (
    id SERIAL NOT NULL,
    status status NOT NULL,
    a_interface_id INTEGER NOT NULL,
    b_interface_id INTEGER NOT NULL,
    length_km FLOAT,
    physical_medium_id VARCHAR,
    link_loss_db FLOAT,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (a_interface_id) REFERENCES interfaces (id),
    FOREIGN KEY (b_interface_id) REFERENCES interfaces (id)
);

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES ('9f2c41d07b3a');
