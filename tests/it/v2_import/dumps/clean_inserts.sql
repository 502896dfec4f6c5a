--
-- PostgreSQL database dump
--

\restrict AlIhJjXf1FvpfPwZpRlY6ueQXPxoiW2c7HYtegdtRWN3eCeMUHwf9TPBAA5k4nw

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: devicetype; Type: TYPE; Schema: public; Owner: unoc
--

CREATE TYPE public.devicetype AS ENUM (
    'BACKBONE_GATEWAY',
    'CORE_ROUTER',
    'EDGE_ROUTER',
    'OLT',
    'AON_SWITCH',
    'ONT',
    'BUSINESS_ONT',
    'AON_CPE',
    'POP',
    'CORE_SITE',
    'ODF',
    'NVT',
    'SPLITTER',
    'HOP'
);


ALTER TYPE public.devicetype OWNER TO unoc;

--
-- Name: interfacetype; Type: TYPE; Schema: public; Owner: unoc
--

CREATE TYPE public.interfacetype AS ENUM (
    'ETHERNET',
    'OPTICAL',
    'LOOPBACK'
);


ALTER TYPE public.interfacetype OWNER TO unoc;

--
-- Name: status; Type: TYPE; Schema: public; Owner: unoc
--

CREATE TYPE public.status AS ENUM (
    'UP',
    'DOWN',
    'DEGRADED'
);


ALTER TYPE public.status OWNER TO unoc;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: unoc
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


ALTER TABLE public.alembic_version OWNER TO unoc;

--
-- Name: devices; Type: TABLE; Schema: public; Owner: unoc
--

CREATE TABLE public.devices (
    id integer NOT NULL,
    name character varying NOT NULL,
    device_type public.devicetype NOT NULL,
    status public.status NOT NULL,
    x double precision NOT NULL,
    y double precision NOT NULL,
    tx_power_dbm double precision,
    sensitivity_min_dbm double precision,
    insertion_loss_db double precision,
    parent_container_id integer,
    status_override public.status,
    override_reason character varying(255),
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL
);


ALTER TABLE public.devices OWNER TO unoc;

--
-- Name: devices_id_seq; Type: SEQUENCE; Schema: public; Owner: unoc
--

CREATE SEQUENCE public.devices_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.devices_id_seq OWNER TO unoc;

--
-- Name: devices_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: unoc
--

ALTER SEQUENCE public.devices_id_seq OWNED BY public.devices.id;


--
-- Name: interfaces; Type: TABLE; Schema: public; Owner: unoc
--

CREATE TABLE public.interfaces (
    id integer NOT NULL,
    name character varying NOT NULL,
    interface_type public.interfacetype NOT NULL,
    status public.status NOT NULL,
    device_id integer NOT NULL,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL
);


ALTER TABLE public.interfaces OWNER TO unoc;

--
-- Name: interfaces_id_seq; Type: SEQUENCE; Schema: public; Owner: unoc
--

CREATE SEQUENCE public.interfaces_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.interfaces_id_seq OWNER TO unoc;

--
-- Name: interfaces_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: unoc
--

ALTER SEQUENCE public.interfaces_id_seq OWNED BY public.interfaces.id;


--
-- Name: links; Type: TABLE; Schema: public; Owner: unoc
--

CREATE TABLE public.links (
    id integer NOT NULL,
    status public.status NOT NULL,
    a_interface_id integer NOT NULL,
    b_interface_id integer NOT NULL,
    length_km double precision,
    physical_medium_id character varying,
    link_loss_db double precision,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL
);


ALTER TABLE public.links OWNER TO unoc;

--
-- Name: links_id_seq; Type: SEQUENCE; Schema: public; Owner: unoc
--

CREATE SEQUENCE public.links_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.links_id_seq OWNER TO unoc;

--
-- Name: links_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: unoc
--

ALTER SEQUENCE public.links_id_seq OWNED BY public.links.id;


--
-- Name: devices id; Type: DEFAULT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.devices ALTER COLUMN id SET DEFAULT nextval('public.devices_id_seq'::regclass);


--
-- Name: interfaces id; Type: DEFAULT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.interfaces ALTER COLUMN id SET DEFAULT nextval('public.interfaces_id_seq'::regclass);


--
-- Name: links id; Type: DEFAULT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.links ALTER COLUMN id SET DEFAULT nextval('public.links_id_seq'::regclass);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: unoc
--

INSERT INTO public.alembic_version VALUES ('9f2c41d07b3a');


--
-- Data for Name: devices; Type: TABLE DATA; Schema: public; Owner: unoc
--

INSERT INTO public.devices VALUES (1, 'POP-Nord', 'POP', 'UP', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-10-24 08:00:00', '2025-10-24 08:00:00');
INSERT INTO public.devices VALUES (2, 'BB1', 'BACKBONE_GATEWAY', 'UP', 100, 50.5, NULL, NULL, NULL, NULL, NULL, NULL, '2025-10-24 08:00:01.5', '2025-10-24 08:00:01.5');
INSERT INTO public.devices VALUES (3, 'CORE1', 'CORE_ROUTER', 'DOWN', 200, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, '2025-10-24 08:00:02', '2025-10-24 08:00:02');
INSERT INTO public.devices VALUES (4, 'EDGE1', 'EDGE_ROUTER', 'DOWN', 300, -12.25, NULL, NULL, NULL, 1, NULL, NULL, '2025-10-24 08:00:03', '2025-10-24 08:00:03');
INSERT INTO public.devices VALUES (7, 'ONT „Süd“ 名', 'ONT', 'DOWN', 1e-09, 600, NULL, -27.5, NULL, NULL, NULL, NULL, '2025-10-24 08:00:06', '2025-10-24 08:00:06');
INSERT INTO public.devices VALUES (6, 'SPL 1:8', 'SPLITTER', 'UP', 500, 500, NULL, NULL, 10.7, 1, NULL, NULL, '2025-10-24 08:00:05', '2025-10-24 08:00:05');
INSERT INTO public.devices VALUES (9, 'ONT-2', 'ONT', 'DOWN', 700, 600, NULL, NULL, NULL, NULL, 'DOWN', 'Kunde: "Zähler"
	getauscht \ ä', '2025-10-24 08:00:07', '2025-11-01 09:30:00.123456');
INSERT INTO public.devices VALUES (5, 'OLT1', 'OLT', 'DOWN', 400, 300, 4.5, NULL, NULL, 1, NULL, NULL, '2025-10-24 08:00:04', '2025-10-24 08:00:04');


--
-- Data for Name: interfaces; Type: TABLE DATA; Schema: public; Owner: unoc
--

INSERT INTO public.interfaces VALUES (1, 'mgmt0', 'ETHERNET', 'DOWN', 2, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (2, 'lo0', 'LOOPBACK', 'DOWN', 2, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (3, 'port3', 'ETHERNET', 'DOWN', 2, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (4, 'mgmt0', 'ETHERNET', 'DOWN', 3, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (5, 'lo0', 'LOOPBACK', 'DOWN', 3, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (6, 'port3', 'ETHERNET', 'DOWN', 3, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (7, 'port4', 'ETHERNET', 'DOWN', 3, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (8, 'mgmt0', 'ETHERNET', 'DOWN', 4, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (9, 'port3', 'ETHERNET', 'DOWN', 4, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (10, 'port4', 'ETHERNET', 'DOWN', 4, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (11, 'mgmt0', 'ETHERNET', 'DOWN', 5, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (12, 'pon0', 'OPTICAL', 'DOWN', 5, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (13, 'pon1', 'OPTICAL', 'DOWN', 5, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (14, 'port11', 'ETHERNET', 'DOWN', 5, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (15, 'in0', 'OPTICAL', 'DOWN', 6, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (16, 'out0', 'OPTICAL', 'DOWN', 6, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (17, 'out1', 'OPTICAL', 'DOWN', 6, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (18, 'eth0', 'ETHERNET', 'DOWN', 7, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (19, 'port2', 'OPTICAL', 'DOWN', 7, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (20, 'eth0', 'ETHERNET', 'DOWN', 9, '2025-10-24 08:00:10', '2025-10-24 08:00:10');
INSERT INTO public.interfaces VALUES (21, 'port2', 'OPTICAL', 'DOWN', 9, '2025-10-24 08:00:10', '2025-10-24 08:00:10');


--
-- Data for Name: links; Type: TABLE DATA; Schema: public; Owner: unoc
--

INSERT INTO public.links VALUES (1, 'UP', 3, 6, 12.5, 'G652D', 3.125, '2025-10-24 08:01:00', '2025-10-24 08:01:00');
INSERT INTO public.links VALUES (2, 'UP', 7, 9, NULL, NULL, NULL, '2025-10-24 08:01:01', '2025-10-24 08:01:01');
INSERT INTO public.links VALUES (3, 'UP', 10, 14, 0, 'OM4', NULL, '2025-10-24 08:01:02', '2025-10-24 08:01:02');
INSERT INTO public.links VALUES (5, 'UP', 16, 19, 0.35, 'G657A2', 0.0875, '2025-10-24 08:01:04', '2025-10-24 08:01:04');
INSERT INTO public.links VALUES (4, 'UP', 12, 15, 4.25, 'G652D', 1.0625, '2025-10-24 08:01:03', '2025-10-24 08:01:03');
INSERT INTO public.links VALUES (6, 'UP', 17, 21, 0.4, 'G657A1', 0.1, '2025-10-24 08:01:05', '2025-10-24 08:01:05');


--
-- Name: devices_id_seq; Type: SEQUENCE SET; Schema: public; Owner: unoc
--

SELECT pg_catalog.setval('public.devices_id_seq', 41, true);


--
-- Name: interfaces_id_seq; Type: SEQUENCE SET; Schema: public; Owner: unoc
--

SELECT pg_catalog.setval('public.interfaces_id_seq', 60, true);


--
-- Name: links_id_seq; Type: SEQUENCE SET; Schema: public; Owner: unoc
--

SELECT pg_catalog.setval('public.links_id_seq', 6, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: devices devices_pkey; Type: CONSTRAINT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);


--
-- Name: interfaces interfaces_pkey; Type: CONSTRAINT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.interfaces
    ADD CONSTRAINT interfaces_pkey PRIMARY KEY (id);


--
-- Name: links links_pkey; Type: CONSTRAINT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (id);


--
-- Name: ix_devices_name; Type: INDEX; Schema: public; Owner: unoc
--

CREATE UNIQUE INDEX ix_devices_name ON public.devices USING btree (name);


--
-- Name: ix_interfaces_device_id; Type: INDEX; Schema: public; Owner: unoc
--

CREATE INDEX ix_interfaces_device_id ON public.interfaces USING btree (device_id);


--
-- Name: devices devices_parent_container_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_parent_container_id_fkey FOREIGN KEY (parent_container_id) REFERENCES public.devices(id);


--
-- Name: interfaces interfaces_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.interfaces
    ADD CONSTRAINT interfaces_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);


--
-- Name: links links_a_interface_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.links
    ADD CONSTRAINT links_a_interface_id_fkey FOREIGN KEY (a_interface_id) REFERENCES public.interfaces(id);


--
-- Name: links links_b_interface_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: unoc
--

ALTER TABLE ONLY public.links
    ADD CONSTRAINT links_b_interface_id_fkey FOREIGN KEY (b_interface_id) REFERENCES public.interfaces(id);


--
-- PostgreSQL database dump complete
--

\unrestrict AlIhJjXf1FvpfPwZpRlY6ueQXPxoiW2c7HYtegdtRWN3eCeMUHwf9TPBAA5k4nw

