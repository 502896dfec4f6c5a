//! What a failure means to an operator and what to do about it: one table by SQLSTATE (PostgreSQL
//! documentation, appendix A; of pgbouncer, which has few codes of its own, by its words as well).

use std::fmt;

use super::error::SyncError;
use crate::util::trust;

/// A failure after which another attempt follows, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What an operator can do; nothing where it passes by itself.
    pub remedy: Option<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, "; what to do: {remedy}"))
    }
}

impl Explanation {
    pub(super) fn of(error: &SyncError) -> Self {
        let Some(answer) = error.answer() else { return Self::without_an_answer(error) };
        let (code, text) = (answer.code().code(), answer.message());
        let row = row(code, text);
        let said = match error {
            SyncError::Hosts(_) => error.to_string(),
            _ => said(answer),
        };
        Self { message: format!("{}: {said}", row.what), remedy: row.remedy.map(str::to_owned) }
    }

    fn without_an_answer(error: &SyncError) -> Self {
        let is_tls = error.connections().any(|error| trust::is_untrusted(error));
        let (message, remedy) = match error {
            SyncError::Postgres(_) | SyncError::Hosts(_) if is_tls => {
                (format!("PostgreSQL's certificate is not accepted: {error}"), Some(CERTIFICATE))
            }
            SyncError::Postgres(_) | SyncError::Hosts(_) | SyncError::Transfer(_) => {
                (format!("{AWAY}: {error}"), error.is_silent().then_some(SILENT))
            }
            SyncError::NoPassword(_) => (format!("{LOGIN}: {error}"), Some(NO_PASSWORD)),
            other => (other.to_string(), None),
        };
        Self { message, remedy: remedy.map(str::to_owned) }
    }
}

/// The words of an answer in one line, with its code. What raised an exception is named: a trigger
/// that says no seldom says which one it is.
pub(super) fn said(answer: &postgres::error::DbError) -> String {
    let code = answer.code().code();
    let mut text = format!("{} ({code})", answer.message());
    let raised_by = answer.where_().filter(|_| code.starts_with("P0"));
    let raised_by = raised_by.and_then(|text| text.lines().next());
    for more in [answer.detail(), answer.hint(), raised_by].into_iter().flatten() {
        text = format!("{text}; {more}");
    }
    text
}

const AWAY: &str = "PostgreSQL is away";
const LOGIN: &str = "PostgreSQL refuses the login";
const NO_DATABASE: &str = "PostgreSQL has no such database";
const NO_CONNECTION: &str = "PostgreSQL has no connection left";
const RIGHTS: &str = "PostgreSQL denies a right that the mirror needs";
const NO_ROOM: &str = "PostgreSQL has no room";

const CERTIFICATE: &str = "name the certificate that signed the server's with sslrootcert=, and a \
                           host that stands in the server's certificate";
/// Of a local socket the driver does not tell what was said before the end.
const SILENT: &str = "if it stays so, the log of PostgreSQL or of the pooler in front of it says why; a \
                      pooler must be in transaction or session mode";
const NO_PASSWORD: &str = "put the password into database_url, or a line \
                           host:port:database:user:password into the file that passfile= or \
                           PGPASSFILE names, else into ~/.pgpass (mode 0600)";
const PASSWORD: &str = "put the role's password into database_url, the file that \
                        database_url_file names, or .pgpass; or set it there: ALTER ROLE name \
                        PASSWORD '...'";
const CREATE_DATABASE: &str = "create the database (createdb --encoding=UTF8 --owner=ROLE NAME), or mend its name in database_url";
const CONNECTIONS: &str = "end sessions that nobody needs, or raise max_connections, the role's or \
                           database's CONNECTION LIMIT, or the limits of the pooler";

/// What answers of one kind have in common.
struct Row {
    /// How their code begins: a class has two letters, a code five.
    code: &'static str,
    /// What their text contains.
    text: &'static str,
    what: &'static str,
    remedy: Option<&'static str>,
}

const fn by_text(
    code: &'static str,
    text: &'static str,
    what: &'static str,
    remedy: &'static str,
) -> Row {
    Row { code, text, what, remedy: Some(remedy) }
}

const fn by_code(code: &'static str, what: &'static str, remedy: &'static str) -> Row {
    by_text(code, "", what, remedy)
}

/// It passes: nobody has to do anything.
const fn passing(code: &'static str, what: &'static str) -> Row {
    Row { code, text: "", what, remedy: None }
}

/// The first row that fits counts; the last one always does.
const ROWS: &[Row] = &[
    by_text(
        "08P01",
        "statement pooling mode",
        "The pooler in front of PostgreSQL is in statement mode, which has no transactions",
        "set pool_mode = transaction for this database in pgbouncer.ini, or name PostgreSQL's own \
         port in database_url",
    ),
    by_text(
        "08P01",
        "unsupported startup parameter",
        "The pooler in front of PostgreSQL refuses a parameter of the session",
        "add that parameter to ignore_startup_parameters in pgbouncer.ini, or take it out of \
         database_url",
    ),
    by_text(
        "08P01",
        "server login has been failing",
        "The pooler in front of PostgreSQL cannot log in there",
        "look into the pooler's log; check the role and its password in the pooler's auth_file",
    ),
    by_text("08P01", "authentication failed", LOGIN, PASSWORD),
    by_text("08P01", "no such user", LOGIN, "add the role to the pooler's auth_file"),
    by_text("08P01", "no such database", NO_DATABASE, CREATE_DATABASE),
    by_text("08P01", "no more connections", NO_CONNECTION, CONNECTIONS),
    by_text("08P01", "query_wait_timeout", NO_CONNECTION, CONNECTIONS),
    by_code(
        "0A000",
        "PostgreSQL, or a pooler in front of it, lacks a feature that the mirror needs",
        "name PostgreSQL itself in database_url, or a pooler in transaction mode",
    ),
    by_code(
        "26000",
        "The pooler in front of PostgreSQL loses statements",
        "set pool_mode = transaction for this database in pgbouncer.ini",
    ),
    by_text(
        "28000",
        "pg_hba.conf",
        LOGIN,
        "add a line for this host, role and database to pg_hba.conf and reload PostgreSQL; a line \
         that begins with hostssl needs sslmode=require",
    ),
    by_code("28P01", LOGIN, PASSWORD),
    by_code(
        "28",
        LOGIN,
        "mend the user in database_url, or make the role: CREATE ROLE name LOGIN PASSWORD '...'",
    ),
    by_code("3D000", NO_DATABASE, CREATE_DATABASE),
    by_code("57P04", NO_DATABASE, CREATE_DATABASE),
    by_text(
        "42501",
        "for schema",
        RIGHTS,
        "give the role of database_url a schema to make its tables in: GRANT USAGE, CREATE ON \
         SCHEMA public TO role, or make it the owner of the database",
    ),
    by_code(
        "42501",
        RIGHTS,
        "make the role of database_url the owner of the mirror's tables (ALTER TABLE name OWNER TO \
         role), or GRANT it what the message names",
    ),
    by_code(
        "53100",
        NO_ROOM,
        "free some space on the volume of its data directory or tablespace, or make it larger",
    ),
    by_code("53200", "PostgreSQL lacks memory", "lower work_mem or what else uses its memory"),
    by_code("53300", NO_CONNECTION, CONNECTIONS),
    by_code("53", "PostgreSQL lacks a resource", "raise the limit that the message names"),
    by_code(
        "25006",
        "PostgreSQL is read-only",
        "name the primary in database_url, or several hosts separated by commas; a primary is \
         read-only by default_transaction_read_only, which a provider sets when its volume is full",
    ),
    by_code(
        "25P04",
        "PostgreSQL ended a transaction of the mirror",
        "lift the limit for this role: ALTER ROLE name SET transaction_timeout = 0",
    ),
    by_code(
        "55P03",
        "PostgreSQL has locked the mirror's tables",
        "end the session that holds the lock, such as a schema change or a forgotten transaction: \
         pg_blocking_pids and pg_stat_activity name it",
    ),
    by_code(
        "57014",
        "PostgreSQL ended a statement of the mirror",
        "lift statement_timeout for this role, and let nobody cancel its statements",
    ),
    by_code(
        "P0",
        "A trigger or a function in PostgreSQL refuses the changes",
        "change or drop that trigger (\\d devices in psql lists those of a table): only the mirror \
         writes its tables, and it sends what is so",
    ),
    by_code(
        "23",
        "PostgreSQL holds rows that the mirror did not write",
        "let nobody else write these tables; everything is compared and repaired next",
    ),
    by_code(
        "42",
        "The tables in PostgreSQL are not as UNOC made them",
        "undo that change; or drop UNOC's tables with unoc_schema_history, and it makes them again \
         and sends everything",
    ),
    by_code(
        "3F",
        "The tables in PostgreSQL are not as UNOC made them",
        "make the schema that the role's search_path names, or set another search_path",
    ),
    by_code("58", "PostgreSQL reports a fault of its system", "look into its log, and at its disk"),
    by_code("XX", "PostgreSQL reports damaged data or a fault of its own", "look into its log"),
    passing("40", "PostgreSQL gave another transaction precedence"),
    passing("57P", AWAY),
    passing("25P03", AWAY),
    passing("08", AWAY),
    by_code("", "PostgreSQL refuses what the mirror sends", "look into its log for the statement"),
];

fn row(code: &str, text: &str) -> &'static Row {
    let fits = |row: &&Row| code.starts_with(row.code) && text.contains(row.text);
    ROWS.iter().find(fits).expect("the last row fits everything")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_a_meaning_and_a_remedy() {
        let check = |code: &str, text: &str, what: &str, remedy: &str| {
            let row = row(code, text);
            assert!(row.what.contains(what), "{code}: {}", row.what);
            assert!(row.remedy.unwrap_or("nothing").contains(remedy), "{code}: {:?}", row.remedy);
        };
        let statement_mode = "transaction blocks not allowed in statement pooling mode";
        check("08P01", statement_mode, "statement mode", "pool_mode = transaction");
        check("08P01", "unsupported startup parameter: options", "parameter", "ignore_startup");
        check("08P01", "server conn crashed?", "is away", "nothing");
        check("08006", "", "is away", "nothing");
        check("57P01", "", "is away", "nothing");
        check("57P03", "the database system is starting up", "is away", "nothing");
        check("57P05", "", "is away", "nothing");
        check("28P01", "", "refuses the login", "database_url_file");
        check("28000", "no pg_hba.conf entry for host", "refuses the login", "pg_hba.conf");
        check("28000", "role \"x\" does not exist", "refuses the login", "CREATE ROLE");
        check("3D000", "", "no such database", "createdb");
        check("42501", "permission denied for schema public", "right", "GRANT USAGE, CREATE");
        check("42501", "permission denied for table devices", "right", "OWNER TO");
        check("42P01", "", "not as UNOC made them", "unoc_schema_history");
        check("53100", "", "no room", "space");
        check("53300", "", "no connection left", "max_connections");
        check("25006", "", "read-only", "primary");
        check("55P03", "", "locked", "pg_blocking_pids");
        check("P0001", "no", "A trigger", "drop that trigger");
        check("23505", "", "did not write", "compared");
        check("40001", "", "precedence", "nothing");
        check("22003", "", "refuses", "log");
    }
}
