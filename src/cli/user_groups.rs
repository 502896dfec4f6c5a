//! The groups that the service has, as systemd sets them: those of its user, and those that its unit names.

use std::collections::BTreeSet;
use std::fs;

use super::data_dir::Owner;

/// Returns the ids of the groups of a user, its own included, and of those in `further`, names or ids.
pub(super) fn group_ids(owner: Owner, further: &[String]) -> BTreeSet<u32> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    ids_in(&read("/etc/passwd"), &read("/etc/group"), owner, further)
}

fn ids_in(users: &str, groups: &str, owner: Owner, further: &[String]) -> BTreeSet<u32> {
    // passwd(5): name, password, number of the user, …
    let is_owner =
        |fields: &Vec<&str>| fields.get(2).is_some_and(|uid| *uid == owner.uid.to_string());
    let mut users = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let user = users.find(is_owner).and_then(|fields| fields.first().copied());
    let mut ids = BTreeSet::from([owner.gid]);
    ids.extend(further.iter().filter_map(|group| group.parse::<u32>().ok()));
    // group(5): name, password, number, members.
    for line in groups.lines() {
        let [name, _, id, members] = line.split(':').collect::<Vec<_>>()[..] else { continue };
        let is_member = members.split(',').any(|member| Some(member) == user);
        if is_member || further.iter().any(|group| group == name) {
            ids.extend(id.parse::<u32>().ok());
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_the_user_and_of_the_unit_are_found() {
        let users = "root:x:0:0::/root:/bin/sh\nunoc:x:999:998::/var/lib/unoc:/usr/sbin/nologin\n";
        let groups = "root:x:0:\nunoc:x:998:\nssl-cert:x:101:a,unoc\nadm:x:4:unocs\njournal:x:5:\n";
        let owner = Owner { uid: 999, gid: 998 };
        let of_unit = ["journal".to_owned(), "77".to_owned()];
        assert_eq!(ids_in(users, groups, owner, &of_unit), [5, 77, 101, 998].into());
        assert_eq!(ids_in("", "", owner, &[]), [998].into());
    }
}
