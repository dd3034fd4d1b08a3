/**
 * The versions of etcd under test: the least safe one of the oldest line, the default, and the
 * least safe one of the newest line. Each has its digests pinned, so that what is tested can be
 * used.
 */
export const etcdVersions = ["3.5.33", "3.6.14", "3.7.1"];
