--
-- PostgreSQL database dump
--

\restrict WIWCgQ5sIxSWXCWqT7KWFkcFzhtkJWkraO2SvNqfXoa2eQnB4mGHEjYsn1O7ZeE

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
    'HOP',
    'MICROWAVE'
);


ALTER TYPE public.devicetype OWNER TO unoc;

--
-- Name: interfacetype; Type: TYPE; Schema: public; Owner: unoc
--

CREATE TYPE public.interfacetype AS ENUM (
    'ETHERNET',
    'OPTICAL',
    'LOOPBACK',
    'RADIO'
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
    status_override character varying,
    override_reason character varying,
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

COPY public.alembic_version (version_num) FROM stdin;
9f2c41d07b3a
\.


--
-- Data for Name: devices; Type: TABLE DATA; Schema: public; Owner: unoc
--

COPY public.devices (id, name, device_type, status, x, y, tx_power_dbm, sensitivity_min_dbm, insertion_loss_db, parent_container_id, status_override, override_reason, created_at, updated_at) FROM stdin;
1	POP-Nord	POP	UP	0	0	\N	\N	\N	\N	\N	\N	2025-10-24 08:00:00	2025-10-24 08:00:00
2	BB1	BACKBONE_GATEWAY	UP	100	50.5	\N	\N	\N	\N	\N	\N	2025-10-24 08:00:01.5	2025-10-24 08:00:01.5
3	CORE1	CORE_ROUTER	DOWN	200	0.1	\N	\N	\N	\N	\N	\N	2025-10-24 08:00:02	2025-10-24 08:00:02
4	EDGE1	EDGE_ROUTER	DOWN	300	-12.25	\N	\N	\N	1	\N	\N	2025-10-24 08:00:03	2025-10-24 08:00:03
7	ONT „Süd“ 名	ONT	DOWN	1e-09	600	\N	-27.5	\N	\N	\N	\N	2025-10-24 08:00:06	2025-10-24 08:00:06
6	SPL 1:8	SPLITTER	UP	500	500	\N	\N	10.7	1	\N	\N	2025-10-24 08:00:05	2025-10-24 08:00:05
9	ONT-2	ONT	DOWN	700	600	\N	\N	\N	\N	DOWN	Kunde: "Zähler"\n\tgetauscht \\ ä	2025-10-24 08:00:07	2025-11-01 09:30:00.123456
5	OLT1	OLT	DOWN	400	300	4.5	\N	\N	1	\N	\N	2025-10-24 08:00:04	2025-10-24 08:00:04
-4	negative	ONT	DOWN	0	0	\N	\N	\N	\N	\N	\N	2025-11-02 10:00:00	2025-11-02 10:00:00
50		ONT	DOWN	0	0	\N	\N	\N	\N	\N	\N	2025-11-02 10:00:00	2025-11-02 10:00:00
51	   	OLT	DOWN	0	0	\N	\N	\N	1	\N	\N	2025-11-02 10:00:01	2025-11-02 10:00:01
52	ONT\tTab\nLine	ONT	DOWN	0	0	\N	\N	\N	\N	\N	\N	2025-11-02 10:00:02	2025-11-02 10:00:02
53	long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long 	HOP	UP	0	0	\N	\N	\N	\N	\N	\N	2025-11-02 10:00:03	2025-11-02 10:00:03
54	OLT1	OLT	DOWN	0	0	\N	\N	\N	\N	\N	\N	2025-11-02 10:00:04	2025-11-02 10:00:04
55	OLT1	OLT	DOWN	0	0	\N	\N	\N	\N	\N	\N	2025-11-02 10:00:05	2025-11-02 10:00:05
56	ONT-50	ONT	DOWN	0	0	\N	\N	\N	\N	\N	\N	2025-11-02 10:00:06	2025-11-02 10:00:06
57	orphan	ONT	DOWN	0	0	\N	\N	\N	999	\N	\N	2025-11-02 10:00:07	2025-11-02 10:00:07
58	in a router	ONT	DOWN	0	0	\N	\N	\N	3	\N	\N	2025-11-02 10:00:08	2025-11-02 10:00:08
59	POP in a POP	POP	UP	0	0	\N	\N	\N	1	\N	\N	2025-11-02 10:00:09	2025-11-02 10:00:09
60	no numbers	OLT	DOWN	NaN	-Infinity	Infinity	NaN	-3	\N	\N	\N	2025-11-02 10:00:10	2025-11-02 10:00:10
61	maybe	ONT	DOWN	0	0	\N	\N	\N	\N	MAYBE	who knows	2025-11-02 10:00:11	2025-11-02 10:00:11
62	reason alone	ONT	DOWN	0	0	\N	\N	\N	\N	\N	left over	2025-11-02 10:00:12	2025-11-02 10:00:12
63	long reason	ONT	DOWN	0	0	\N	\N	\N	\N	DEGRADED	ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää	2025-11-02 10:00:13	2025-11-02 10:00:13
64	radio	MICROWAVE	DOWN	0	0	\N	\N	\N	\N	\N	\N	2025-11-02 10:00:14	2025-11-02 10:00:14
65	never	ONT	DOWN	0	0	\N	\N	\N	\N	\N	\N	-infinity	infinity
66	in the radio	ONT	DOWN	0	0	\N	\N	\N	64	\N	\N	2025-11-02 10:00:15	2025-11-02 10:00:15
\.


--
-- Data for Name: interfaces; Type: TABLE DATA; Schema: public; Owner: unoc
--

COPY public.interfaces (id, name, interface_type, status, device_id, created_at, updated_at) FROM stdin;
1	mgmt0	ETHERNET	DOWN	2	2025-10-24 08:00:10	2025-10-24 08:00:10
2	lo0	LOOPBACK	DOWN	2	2025-10-24 08:00:10	2025-10-24 08:00:10
3	port3	ETHERNET	DOWN	2	2025-10-24 08:00:10	2025-10-24 08:00:10
4	mgmt0	ETHERNET	DOWN	3	2025-10-24 08:00:10	2025-10-24 08:00:10
5	lo0	LOOPBACK	DOWN	3	2025-10-24 08:00:10	2025-10-24 08:00:10
6	port3	ETHERNET	DOWN	3	2025-10-24 08:00:10	2025-10-24 08:00:10
7	port4	ETHERNET	DOWN	3	2025-10-24 08:00:10	2025-10-24 08:00:10
8	mgmt0	ETHERNET	DOWN	4	2025-10-24 08:00:10	2025-10-24 08:00:10
9	port3	ETHERNET	DOWN	4	2025-10-24 08:00:10	2025-10-24 08:00:10
10	port4	ETHERNET	DOWN	4	2025-10-24 08:00:10	2025-10-24 08:00:10
11	mgmt0	ETHERNET	DOWN	5	2025-10-24 08:00:10	2025-10-24 08:00:10
12	pon0	OPTICAL	DOWN	5	2025-10-24 08:00:10	2025-10-24 08:00:10
13	pon1	OPTICAL	DOWN	5	2025-10-24 08:00:10	2025-10-24 08:00:10
14	port11	ETHERNET	DOWN	5	2025-10-24 08:00:10	2025-10-24 08:00:10
15	in0	OPTICAL	DOWN	6	2025-10-24 08:00:10	2025-10-24 08:00:10
16	out0	OPTICAL	DOWN	6	2025-10-24 08:00:10	2025-10-24 08:00:10
17	out1	OPTICAL	DOWN	6	2025-10-24 08:00:10	2025-10-24 08:00:10
18	eth0	ETHERNET	DOWN	7	2025-10-24 08:00:10	2025-10-24 08:00:10
19	port2	OPTICAL	DOWN	7	2025-10-24 08:00:10	2025-10-24 08:00:10
20	eth0	ETHERNET	DOWN	9	2025-10-24 08:00:10	2025-10-24 08:00:10
21	port2	OPTICAL	DOWN	9	2025-10-24 08:00:10	2025-10-24 08:00:10
70	port1	OPTICAL	DOWN	999	2025-11-02 11:00:00	2025-11-02 11:00:00
71	port1	OPTICAL	DOWN	64	2025-11-02 11:00:01	2025-11-02 11:00:01
72		OPTICAL	DOWN	57	2025-11-02 11:00:02	2025-11-02 11:00:02
73	eth0	ETHERNET	DOWN	7	2025-11-02 11:00:03	2025-11-02 11:00:03
74	air0	RADIO	DOWN	58	2025-11-02 11:00:04	2025-11-02 11:00:04
75	port1	OPTICAL	DOWN	1	2025-11-02 11:00:05	2025-11-02 11:00:05
76	port1	OPTICAL	DOWN	57	2025-11-02 11:00:06	2025-11-02 11:00:06
77	port1	OPTICAL	DOWN	58	2025-11-02 11:00:07	2025-11-02 11:00:07
78	port1	OPTICAL	DOWN	61	2025-11-02 11:00:08	2025-11-02 11:00:08
79	port1	OPTICAL	DOWN	62	2025-11-02 11:00:09	2025-11-02 11:00:09
\.


--
-- Data for Name: links; Type: TABLE DATA; Schema: public; Owner: unoc
--

COPY public.links (id, status, a_interface_id, b_interface_id, length_km, physical_medium_id, link_loss_db, created_at, updated_at) FROM stdin;
1	UP	3	6	12.5	G652D	3.125	2025-10-24 08:01:00	2025-10-24 08:01:00
2	UP	7	9	\N	\N	\N	2025-10-24 08:01:01	2025-10-24 08:01:01
3	UP	10	14	0	OM4	\N	2025-10-24 08:01:02	2025-10-24 08:01:02
5	UP	16	19	0.35	G657A2	0.0875	2025-10-24 08:01:04	2025-10-24 08:01:04
4	UP	12	15	4.25	G652D	1.0625	2025-10-24 08:01:03	2025-10-24 08:01:03
6	UP	17	21	0.4	G657A1	0.1	2025-10-24 08:01:05	2025-10-24 08:01:05
80	UP	13	4711	\N	\N	\N	2025-11-02 12:00:00	2025-11-02 12:00:00
81	UP	71	13	\N	\N	\N	2025-11-02 12:00:01	2025-11-02 12:00:01
82	UP	12	13	\N	\N	\N	2025-11-02 12:00:02	2025-11-02 12:00:02
83	UP	1	4	\N	\N	\N	2025-11-02 12:00:03	2025-11-02 12:00:03
84	UP	2	6	\N	\N	\N	2025-11-02 12:00:04	2025-11-02 12:00:04
85	UP	3	76	\N	\N	\N	2025-11-02 12:00:05	2025-11-02 12:00:05
86	UP	75	13	\N	\N	\N	2025-11-02 12:00:06	2025-11-02 12:00:06
87	UP	16	76	0.2	G.657.A1	\N	2025-11-02 12:00:07	2025-11-02 12:00:07
88	DOWN	16	76	-1	COPPER	\N	2025-11-02 12:00:08	2025-11-02 12:00:08
89	DEGRADED	13	77	NaN	g652d	\N	2025-11-02 12:00:09	2025-11-02 12:00:09
\.


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
-- Name: ix_interfaces_device_id; Type: INDEX; Schema: public; Owner: unoc
--

CREATE INDEX ix_interfaces_device_id ON public.interfaces USING btree (device_id);


--
-- PostgreSQL database dump complete
--

\unrestrict WIWCgQ5sIxSWXCWqT7KWFkcFzhtkJWkraO2SvNqfXoa2eQnB4mGHEjYsn1O7ZeE

