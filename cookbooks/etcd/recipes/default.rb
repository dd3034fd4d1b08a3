# One etcd member, from a bare machine to a unit that is starting.
# Written for two runners, the Chef client and itamae, so it keeps to the constructs both have.
include_recipe 'etcd::check'
include_recipe 'etcd::volume'
include_recipe 'etcd::install'
include_recipe 'etcd::config'
include_recipe 'etcd::service'
