/**
 * The versions of etcd under test: the newest known of the oldest line, the default, the newest.
 * They are built from their Go modules, so that no archive's digest is needed.
 */
export const etcdVersions = ["3.5.35", "3.6.14", "3.7.3"];
