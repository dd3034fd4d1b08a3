# etcd from its release archive, beside other versions; the link says which one is used.
etcd = node['etcd']
version = etcd['version']
arch = { 'x86_64' => 'amd64', 'aarch64' => 'arm64' }[node['kernel']['machine']]
archive = "etcd-v#{version}-linux-#{arch}.tar.gz"
url = "#{etcd['mirror'].chomp('/')}/v#{version}"
cache = '/var/cache/etcd'
root = "/opt/etcd-#{version}"
installed = "test -x #{root}/etcd"

directory cache do
  owner 'root'
  group 'root'
  mode '0755'
end

remote_file "#{cache}/#{archive}" do
  source "#{url}/#{archive}"
  checksum etcd['sha256'][arch] if etcd['checksums'] == 'pinned'
  owner 'root'
  group 'root'
  mode '0644'
  not_if installed
end

if etcd['checksums'] == 'mirror'
  remote_file "#{cache}/SHA256SUMS-#{version}" do
    source "#{url}/SHA256SUMS"
    owner 'root'
    group 'root'
    mode '0644'
    not_if installed
  end

  # A rejected archive is removed, so that the next converge fetches it again.
  execute "compare #{archive} with the mirror's SHA256SUMS" do
    command "grep ' #{archive}$' SHA256SUMS-#{version} | sha256sum --check --strict - || " \
            "{ rm -f #{archive}; exit 1; }"
    cwd cache
    not_if installed
  end
end

# Unpacked beside its place and then renamed: a folder with the right name is always complete.
execute "unpack etcd #{version}" do
  command "rm -rf #{root}.partial && mkdir -m 0755 #{root}.partial && " \
          "tar -xzf #{archive} -C #{root}.partial --strip-components=1 --no-same-owner && " \
          "rm -rf #{root} && mv -T #{root}.partial #{root} && " \
          "rm -f #{archive} SHA256SUMS-#{version}"
  cwd cache
  not_if installed
end

link '/opt/etcd' do
  to root
end

%w(etcdctl etcdutl).each do |tool|
  link "/usr/local/bin/#{tool}" do
    to "/opt/etcd/#{tool}"
  end
end
