//! What an error of PostgreSQL means to an operator and what to do about it: one table by SQLSTATE
//! (PostgreSQL documentation, appendix A; for pgbouncer, which has few codes of its own, by the
//! text too).

use std::fmt;

use postgres::error::DbError;

/// An error for people. Another attempt follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What an operator can do; `None` where it passes by itself.
    pub remedy: Option<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, "; what to do: {remedy}"))
    }
}

impl Explanation {
    /// The explanation of a server's error: `description` is its text in full.
    pub(super) fn of_sqlstate(code: &str, text: &str, description: &str) -> Self {
        let row = row(code, text);
        Self::new(format!("{}: {description}", row.meaning), row.remedy)
    }

    pub(super) fn unreachable(error: &dyn fmt::Display, is_silent: bool) -> Self {
        Self::new(format!("{UNREACHABLE}: {error}"), is_silent.then_some(CHECK_LOG))
    }

    pub(super) fn untrusted_certificate(error: &dyn fmt::Display) -> Self {
        let message = format!("PostgreSQL's certificate is not accepted: {error}");
        Self::new(message, Some(NAME_CERTIFICATE))
    }

    pub(super) fn no_password(error: &dyn fmt::Display) -> Self {
        Self::new(format!("{LOGIN_REFUSED}: {error}"), Some(STORE_PASSWORD))
    }

    fn new(message: String, remedy: Option<&str>) -> Self {
        Self { message, remedy: remedy.map(str::to_owned) }
    }
}

/// The text of a server's error in one line, with its code. For an exception of PL/pgSQL the
/// function that raised it is named: the message of a trigger seldom tells which trigger it is.
pub(super) fn describe(answer: &DbError) -> String {
    let code = answer.code().code();
    let mut text = format!("{} ({code})", answer.message());
    let raised_by = answer.where_().filter(|_| code.starts_with("P0"));
    let raised_by = raised_by.and_then(|text| text.lines().next());
    // This one quotes the whole row, personal data included.
    let detail = answer.detail().filter(|detail| !detail.starts_with("Failing row contains"));
    for more in [detail, answer.hint(), raised_by].into_iter().flatten() {
        text = format!("{text}; {more}");
    }
    text
}

const UNREACHABLE: &str = "PostgreSQL is unreachable";
const LOGIN_REFUSED: &str = "PostgreSQL refuses the login";
const NO_DATABASE: &str = "The database does not exist in PostgreSQL";
const NO_CONNECTION: &str = "PostgreSQL has no free connection";
const MISSING_RIGHT: &str = "PostgreSQL denies a right that UNOC needs";
const OTHER_TABLES: &str = "The tables in PostgreSQL are not as UNOC created them";

const NAME_CERTIFICATE: &str = "name the root certificate of the server with sslrootcert=, and use a host \
                                name that the server's certificate contains";
/// The driver does not report what a server wrote on a local socket before it hung up.
const CHECK_LOG: &str = "if this lasts, see the log of PostgreSQL or of the pooler in front of it; a pooler \
                         must be in transaction or session mode";
const STORE_PASSWORD: &str = "put the password into database_url, or a line \
                              host:port:database:user:password into the file that passfile= or \
                              PGPASSFILE names, else into ~/.pgpass (mode 0600)";
const CORRECT_PASSWORD: &str = "put the role's password into database_url, the file that \
                                database_url_file names, or .pgpass; or change it in PostgreSQL: \
                                ALTER ROLE name PASSWORD '...'";
const CREATE_DATABASE: &str = "create the database (createdb --encoding=UTF8 --owner=ROLE NAME), or correct \
                               its name in database_url";
const FREE_CONNECTIONS: &str = "end sessions that are not needed, or raise max_connections, the CONNECTION \
                                LIMIT of the role or the database, or the limits of the pooler";

/// What errors of one kind mean.
struct Row {
    /// How their SQLSTATE begins: two characters for a class, five for one code.
    code: &'static str,
    /// What their text contains.
    text: &'static str,
    meaning: &'static str,
    remedy: Option<&'static str>,
}

const fn by_text(
    code: &'static str,
    text: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Row {
    Row { code, text, meaning, remedy: Some(remedy) }
}

const fn by_code(code: &'static str, meaning: &'static str, remedy: &'static str) -> Row {
    by_text(code, "", meaning, remedy)
}

/// An error that passes by itself.
const fn transient(code: &'static str, meaning: &'static str) -> Row {
    Row { code, text: "", meaning, remedy: None }
}

/// The first row that matches counts; the last one matches every error.
const ROWS: &[Row] = &[
    by_text(
        "08P01",
        "statement pooling mode",
        "The pooler in front of PostgreSQL is in statement mode, which has no transactions",
        "set pool_mode = transaction for this database in pgbouncer.ini, or use PostgreSQL's own \
         port in database_url",
    ),
    by_text(
        "08P01",
        "unsupported startup parameter",
        "The pooler in front of PostgreSQL refuses a startup parameter",
        "add that parameter to ignore_startup_parameters in pgbouncer.ini, or remove it from \
         database_url",
    ),
    by_text(
        "08P01",
        "server login has been failing",
        "The pooler in front of PostgreSQL cannot log in to PostgreSQL",
        "see the pooler's log; check the role and its password in the pooler's auth_file",
    ),
    by_text("08P01", "authentication failed", LOGIN_REFUSED, CORRECT_PASSWORD),
    by_text("08P01", "no such user", LOGIN_REFUSED, "add the role to the pooler's auth_file"),
    by_text("08P01", "no such database", NO_DATABASE, CREATE_DATABASE),
    by_text("08P01", "no more connections", NO_CONNECTION, FREE_CONNECTIONS),
    by_text("08P01", "query_wait_timeout", NO_CONNECTION, FREE_CONNECTIONS),
    by_code(
        "0A000",
        "PostgreSQL, or a pooler in front of it, lacks a feature that UNOC needs",
        "use PostgreSQL itself in database_url, or a pooler in transaction mode",
    ),
    by_code(
        "26000",
        "The pooler in front of PostgreSQL loses prepared statements",
        "set pool_mode = transaction for this database in pgbouncer.ini",
    ),
    by_text(
        "28000",
        "pg_hba.conf",
        LOGIN_REFUSED,
        "add a line for this host, role and database to pg_hba.conf and reload PostgreSQL; a line \
         that begins with hostssl needs sslmode=require",
    ),
    by_code("28P01", LOGIN_REFUSED, CORRECT_PASSWORD),
    by_code(
        "28",
        LOGIN_REFUSED,
        "correct the user in database_url, or create the role: CREATE ROLE name LOGIN PASSWORD \
         '...'",
    ),
    by_code("3D000", NO_DATABASE, CREATE_DATABASE),
    by_code("57P04", NO_DATABASE, CREATE_DATABASE),
    by_text(
        "42501",
        "for schema",
        MISSING_RIGHT,
        "give the role of database_url a schema to create its tables in: GRANT USAGE, CREATE ON \
         SCHEMA public TO role, or make it the owner of the database",
    ),
    by_code(
        "42501",
        MISSING_RIGHT,
        "make the role of database_url the owner of UNOC's tables (ALTER TABLE name OWNER TO \
         role), or GRANT it the right that the message names",
    ),
    by_code(
        "53100",
        "PostgreSQL's disk is full",
        "free space on the volume of its data directory or tablespace, or enlarge that volume",
    ),
    by_code(
        "53200",
        "PostgreSQL is out of memory",
        "lower work_mem, or give the server more memory",
    ),
    by_code("53300", NO_CONNECTION, FREE_CONNECTIONS),
    by_code("53", "PostgreSQL lacks a resource", "raise the limit that the message names"),
    by_code(
        "25006",
        "PostgreSQL is read-only",
        "use the primary in database_url, or several hosts separated by commas; a primary is \
         read-only by default_transaction_read_only, which a provider sets when its volume is full",
    ),
    by_code(
        "25P04",
        "PostgreSQL ended a transaction of UNOC because of its time limit",
        "remove the limit for this role: ALTER ROLE name SET transaction_timeout = 0",
    ),
    by_code(
        "55P03",
        "Another session has locked UNOC's tables in PostgreSQL",
        "end the session that holds the lock, such as a schema change or a forgotten transaction: \
         pg_blocking_pids and pg_stat_activity name it",
    ),
    by_code(
        "57014",
        "PostgreSQL canceled a statement of UNOC",
        "remove statement_timeout for this role, and do not cancel its statements",
    ),
    by_code(
        "P0",
        "A trigger or a function in PostgreSQL refuses the changes",
        "change or drop that trigger (\\d devices in psql lists those of a table): only UNOC writes \
         these tables, and what it sends is the state of the site",
    ),
    by_code(
        "23",
        "PostgreSQL holds rows that UNOC did not write",
        "keep other programs from writing these tables; UNOC compares and repairs all rows next",
    ),
    by_code(
        "42",
        OTHER_TABLES,
        "undo that change; or drop UNOC's tables and unoc_schema_history: UNOC then creates them \
         again and sends everything",
    ),
    by_code(
        "3F",
        OTHER_TABLES,
        "create the schema that the role's search_path names, or set another search_path",
    ),
    by_code("58", "PostgreSQL reports a system error", "see its log, and check its disk"),
    by_code("XX", "PostgreSQL reports corrupted data or an internal error", "see its log"),
    transient("40", "PostgreSQL rolled the transaction back in favour of another one"),
    transient("57P", UNREACHABLE),
    transient("25P03", UNREACHABLE),
    transient("08", UNREACHABLE),
    by_code("", "PostgreSQL refuses a statement of UNOC", "see its log for the statement"),
];

fn row(code: &str, text: &str) -> &'static Row {
    let matches = |row: &&Row| code.starts_with(row.code) && text.contains(row.text);
    ROWS.iter().find(matches).expect("the last row matches everything")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_has_a_meaning_and_a_remedy() {
        let check = |code: &str, text: &str, meaning: &str, remedy: &str| {
            let row = row(code, text);
            assert!(row.meaning.contains(meaning), "{code}: {}", row.meaning);
            assert!(row.remedy.unwrap_or("none").contains(remedy), "{code}: {:?}", row.remedy);
        };
        let statement_mode = "transaction blocks not allowed in statement pooling mode";
        check("08P01", statement_mode, "statement mode", "pool_mode = transaction");
        check("08P01", "unsupported startup parameter: options", "parameter", "ignore_startup");
        check("08P01", "server conn crashed?", "is unreachable", "none");
        check("08006", "", "is unreachable", "none");
        check("57P01", "", "is unreachable", "none");
        check("57P03", "the database system is starting up", "is unreachable", "none");
        check("57P05", "", "is unreachable", "none");
        check("28P01", "", "refuses the login", "database_url_file");
        check("28000", "no pg_hba.conf entry for host", "refuses the login", "pg_hba.conf");
        check("28000", "role \"x\" does not exist", "refuses the login", "CREATE ROLE");
        check("3D000", "", "database does not exist", "createdb");
        check("42501", "permission denied for schema public", "right", "GRANT USAGE, CREATE");
        check("42501", "permission denied for table devices", "right", "OWNER TO");
        check("42P01", "", "not as UNOC created them", "unoc_schema_history");
        check("53100", "", "disk is full", "free space");
        check("53300", "", "no free connection", "max_connections");
        check("25006", "", "read-only", "primary");
        check("55P03", "", "locked", "pg_blocking_pids");
        check("P0001", "no", "A trigger", "drop that trigger");
        check("23505", "", "did not write", "compares");
        check("40001", "", "rolled", "none");
        check("22003", "", "refuses", "log");
    }
}
