//! What each operation needs: one table, which the gate, the OpenAPI document and the tests read.

use axum::http::Method;
use rustc_hash::FxHashMap;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

use crate::auth::Permission;

/// What an operation needs: any one of these.
pub(in crate::api) type Needs = &'static [Permission];

const PUBLIC: Needs = &[Permission::Public];
const METRICS: Needs = &[Permission::Metrics];
const READ: Needs = &[Permission::Read];
const OPERATE: Needs = &[Permission::Operate];
const ADMIN: Needs = &[Permission::Admin];
const ACCOUNT: Needs = &[Permission::Account];
/// What belongs to a person, who sees only the own; the handler has an admin ask for all, or for somebody else's.
const OWN_OR_ADMIN: Needs = &[Permission::Account, Permission::Admin];

/// Every operation, by its path: a new one is refused until it has a row here, and a test says so.
const TABLE: &[(Method, &str, Needs)] = &[
    // Whoever watches over the service need not be known.
    (Method::GET, "/health", PUBLIC),
    (Method::GET, "/health/live", PUBLIC),
    (Method::GET, "/health/ready", PUBLIC),
    (Method::GET, "/metrics", METRICS),
    (Method::GET, "/openapi.json", READ),
    // Logging in and out; each checks what it is given.
    (Method::GET, "/api/session", PUBLIC),
    (Method::POST, "/api/session", PUBLIC),
    (Method::DELETE, "/api/session", PUBLIC),
    (Method::POST, "/api/setup", PUBLIC),
    (Method::POST, "/api/setup/code", ADMIN),
    (Method::GET, "/api/oidc/login", PUBLIC),
    (Method::GET, "/api/oidc/callback", PUBLIC),
    // A person's own account.
    (Method::POST, "/api/account/password", ACCOUNT),
    (Method::POST, "/api/account/totp", ACCOUNT),
    (Method::POST, "/api/account/totp/confirm", ACCOUNT),
    (Method::DELETE, "/api/account/totp", ACCOUNT),
    (Method::GET, "/api/sessions", OWN_OR_ADMIN),
    (Method::DELETE, "/api/sessions/{id}", OWN_OR_ADMIN),
    (Method::GET, "/api/tokens", OWN_OR_ADMIN),
    (Method::POST, "/api/tokens", OWN_OR_ADMIN),
    (Method::DELETE, "/api/tokens/{id}", OWN_OR_ADMIN),
    (Method::GET, "/api/users", ADMIN),
    (Method::POST, "/api/users", ADMIN),
    (Method::PATCH, "/api/users/{id}", ADMIN),
    (Method::DELETE, "/api/users/{id}", ADMIN),
    // The network.
    (Method::GET, "/api/devices", READ),
    (Method::POST, "/api/devices", OPERATE),
    (Method::POST, "/api/devices/bulk", OPERATE),
    (Method::POST, "/api/devices/erase-personal-data", ADMIN),
    (Method::POST, "/api/devices/provision", OPERATE),
    (Method::GET, "/api/devices/{id}", READ),
    (Method::PATCH, "/api/devices/{id}", OPERATE),
    (Method::DELETE, "/api/devices/{id}", OPERATE),
    (Method::GET, "/api/devices/{id}/availability", READ),
    (Method::GET, "/api/devices/{id}/cross-connects", READ),
    (Method::POST, "/api/devices/{id}/cross-connects", OPERATE),
    (Method::PUT, "/api/devices/{id}/cross-connects", OPERATE),
    (Method::DELETE, "/api/devices/{id}/cross-connects/{interface_id}", OPERATE),
    (Method::GET, "/api/devices/{id}/interfaces", READ),
    (Method::GET, "/api/devices/{id}/optical-path", READ),
    (Method::PATCH, "/api/devices/{id}/override", OPERATE),
    (Method::DELETE, "/api/devices/{id}/override", OPERATE),
    (Method::POST, "/api/devices/{id}/override-status", OPERATE),
    (Method::DELETE, "/api/devices/{id}/override-status", OPERATE),
    (Method::GET, "/api/devices/{id}/path", READ),
    (Method::GET, "/api/devices/{id}/ports", READ),
    (Method::GET, "/api/interfaces", READ),
    (Method::POST, "/api/interfaces", OPERATE),
    (Method::GET, "/api/links", READ),
    (Method::POST, "/api/links", OPERATE),
    (Method::POST, "/api/links/create-simple", OPERATE),
    (Method::GET, "/api/links/{id}", READ),
    (Method::PATCH, "/api/links/{id}", OPERATE),
    (Method::DELETE, "/api/links/{id}", OPERATE),
    (Method::DELETE, "/api/links/{id}/override", OPERATE),
    (Method::POST, "/api/lifecycle/bulk", OPERATE),
    (Method::GET, "/api/overrides", READ),
    (Method::POST, "/api/overrides/bulk", OPERATE),
    (Method::GET, "/api/topology/summary", READ),
    (Method::GET, "/api/history/customers", READ),
    (Method::GET, "/api/optical/classes", READ),
    (Method::GET, "/api/optical/fiber-types", READ),
    (Method::POST, "/api/simulate", READ),
    // Tables.
    (Method::GET, "/api/export", ADMIN),
    (Method::GET, "/api/export/cross-connects.csv", READ),
    (Method::GET, "/api/export/devices.csv", READ),
    (Method::POST, "/api/export/devices.csv", READ),
    (Method::GET, "/api/export/links.csv", READ),
    (Method::POST, "/api/import/cross-connects", OPERATE),
    (Method::POST, "/api/import/csv", OPERATE),
    (Method::POST, "/api/import/devices", OPERATE),
    (Method::POST, "/api/import/links", OPERATE),
    // Problems, incidents and who is told.
    (Method::GET, "/api/problems", READ),
    (Method::GET, "/api/problems/{kind}/{id}", READ),
    (Method::GET, "/api/problems/{kind}/{id}/customers", READ),
    (Method::GET, "/api/problems/{kind}/{id}/customers.csv", READ),
    (Method::GET, "/api/incidents", READ),
    (Method::GET, "/api/incidents/{id}", READ),
    (Method::POST, "/api/incidents/{id}/acknowledge", OPERATE),
    (Method::POST, "/api/incidents/{id}/close", OPERATE),
    (Method::POST, "/api/incidents/{id}/note", OPERATE),
    (Method::GET, "/api/maintenance", READ),
    (Method::POST, "/api/maintenance", OPERATE),
    (Method::DELETE, "/api/maintenance/{id}", OPERATE),
    (Method::GET, "/api/contacts", READ),
    (Method::GET, "/api/notices", READ),
    (Method::POST, "/api/notices/test", OPERATE),
    // Who did what.
    (Method::GET, "/api/audit", OPERATE),
    (Method::POST, "/api/audit/accept", ADMIN),
    (Method::GET, "/api/audit/export", ADMIN),
    (Method::GET, "/api/audit/verify", OPERATE),
    (Method::POST, "/api/audit/{id}/undo", OPERATE),
    (Method::POST, "/api/undo", OPERATE),
    // The service.
    (Method::GET, "/api/health", READ),
    (Method::POST, "/api/health/run", OPERATE),
    (Method::GET, "/api/health/checks/{id}/history", READ),
    (Method::POST, "/api/health/checks/{id}/run", OPERATE),
    (Method::GET, "/api/jobs", READ),
    (Method::GET, "/api/jobs/{name}", READ),
    (Method::PATCH, "/api/jobs/{name}", ADMIN),
    (Method::POST, "/api/jobs/{name}/run", OPERATE),
    (Method::GET, "/api/runbook", READ),
    (Method::GET, "/api/runbook/{key}/records", READ),
    (Method::POST, "/api/runbook/{key}/records", OPERATE),
    (Method::GET, "/api/reports", READ),
    (Method::GET, "/api/reports/{id}", READ),
    (Method::GET, "/api/reports/{id}/text", READ),
    (Method::GET, "/api/logs", OPERATE),
    (Method::GET, "/api/logs/export", OPERATE),
    (Method::GET, "/api/logs/summary", OPERATE),
    (Method::GET, "/api/logs/levels", OPERATE),
    (Method::PUT, "/api/logs/levels", OPERATE),
    (Method::DELETE, "/api/logs/levels", OPERATE),
    (Method::GET, "/api/limits", READ),
    (Method::GET, "/api/settings", READ),
    (Method::PATCH, "/api/settings", ADMIN),
    (Method::GET, "/api/support-bundle", ADMIN),
    // Backups. Making and verifying one changes nothing; what a backup holds is the whole site.
    (Method::GET, "/api/backups", READ),
    (Method::POST, "/api/backups", OPERATE),
    (Method::POST, "/api/backups/discover", OPERATE),
    (Method::GET, "/api/backups/prune", READ),
    (Method::POST, "/api/backups/prune", ADMIN),
    (Method::POST, "/api/backups/undo", ADMIN),
    (Method::GET, "/api/backups/{id}", READ),
    (Method::GET, "/api/backups/{id}/download", ADMIN),
    (Method::POST, "/api/backups/{id}/restore", ADMIN),
    (Method::POST, "/api/backups/{id}/verify", OPERATE),
    // The mirror.
    (Method::GET, "/api/sync", READ),
    (Method::POST, "/api/sync/now", OPERATE),
    (Method::POST, "/api/sync/check", OPERATE),
    (Method::POST, "/api/sync/reconcile", OPERATE),
    (Method::POST, "/api/sync/adopt", ADMIN),
    (Method::POST, "/api/sync/takeover", ADMIN),
    // The whole site.
    (Method::POST, "/api/seed", ADMIN),
    // It has a token of its own, which v2's scripts send.
    (Method::POST, "/api/admin/shutdown", PUBLIC),
];

/// What a route needs that nobody has written down, or an undocumented method of one.
pub(super) const UNKNOWN: Needs = ADMIN;
/// What a path needs that is no route; it is only said that there is nothing.
pub(super) const NO_ROUTE: Needs = READ;
/// What the page and its files need: they hold nothing of the site.
pub(super) const PAGE: Needs = PUBLIC;

/// Returns what an operation needs, by the path as the document has it.
pub(in crate::api) fn needs_of(method: &Method, path: &str) -> Option<Needs> {
    let found = TABLE.iter().find(|(known, its_path, _)| known == method && *its_path == path);
    found.map(|(_, _, needs)| *needs)
}

/// The table by the paths as the router matches them.
pub(super) struct RouteNeeds(FxHashMap<String, Vec<(Method, Needs)>>);

impl RouteNeeds {
    pub(super) fn new(base_path: &str) -> Self {
        let mut routes: FxHashMap<String, Vec<(Method, Needs)>> = FxHashMap::default();
        for (method, path, needs) in TABLE {
            routes.entry(format!("{base_path}{path}")).or_default().push((method.clone(), needs));
        }
        Self(routes)
    }

    /// Returns what a request needs that the router has matched.
    pub(super) fn of(&self, route: &str, method: &Method) -> Needs {
        // The router answers HEAD by the handler of GET.
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let methods = self.0.get(route);
        let found = methods.and_then(|methods| methods.iter().find(|(known, _)| known == method));
        found.map_or(UNKNOWN, |(_, needs)| *needs)
    }
}

/// Returns the operations of a document: path, method, operation.
pub(in crate::api) fn operations(
    document: &mut OpenApi,
) -> impl Iterator<Item = (&str, Method, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        of_item(item).filter_map(move |(method, operation)| {
            Some((path.as_str(), method, operation.as_mut()?))
        })
    })
}

fn of_item(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Option<Operation>)> {
    [
        (Method::GET, &mut item.get),
        (Method::HEAD, &mut item.head),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
        (Method::OPTIONS, &mut item.options),
        (Method::TRACE, &mut item.trace),
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItemBuilder};

    use super::*;

    /// What is wrong with the table for a document: an operation without a row, or with several, or a row without an
    /// operation.
    fn faults(document: &mut OpenApi) -> Vec<String> {
        let mut left: Vec<String> =
            TABLE.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        let mut faults = Vec::new();
        let served: BTreeSet<String> = operations(document)
            .map(|(path, method, _)| format!("{method} {path}"))
            // The document does not describe itself.
            .chain(["GET /openapi.json".to_owned()])
            .collect();
        for operation in served {
            let before = left.len();
            left.retain(|row| *row != operation);
            match before - left.len() {
                1 => {}
                rows => faults.push(format!("{operation} has {rows} rows")),
            }
        }
        faults.extend(left.into_iter().map(|row| format!("{row} is not served")));
        faults
    }

    #[test]
    fn every_operation_has_exactly_one_row() {
        let mut document = super::super::super::router::documented();
        assert_eq!(faults(&mut document), Vec::<String>::new());
        let item = PathItemBuilder::new().operation(HttpMethod::Post, OperationBuilder::new());
        document.paths.paths.insert("/api/new".to_owned(), item.build());
        assert_eq!(faults(&mut document), ["POST /api/new has 0 rows"]);
    }

    #[test]
    fn what_nobody_has_written_down_is_for_admins() {
        let routes = RouteNeeds::new("/noc");
        let check = |method: Method, route: &str, expected: Needs| {
            assert_eq!(routes.of(route, &method), expected, "{method} {route}");
        };
        check(Method::GET, "/noc/api/devices", READ);
        check(Method::HEAD, "/noc/api/devices", READ);
        check(Method::POST, "/noc/api/devices", OPERATE);
        check(Method::PUT, "/noc/api/devices", UNKNOWN);
        check(Method::OPTIONS, "/noc/api/devices", UNKNOWN);
        check(Method::GET, "/api/devices", UNKNOWN);
        check(Method::GET, "/noc/api/new", UNKNOWN);
        assert_eq!(UNKNOWN, [Permission::Admin]);
    }
}
