# The member's certificate and key, from the folder that the attribute names to where etcd reads
# them. They never are attributes: Chef keeps those and sends them to its server. etcd reads leaf
# files at each handshake, so a renewed one needs no restart.
source = node['etcd']['pki']

directory '/etc/etcd/pki' do
  owner 'root'
  group 'etcd'
  mode '0750'
end

# Renamed into place, so that etcd never reads half a file; the certificate after its key.
%w(ca.crt member.key member.crt).each do |name|
  execute "/etc/etcd/pki/#{name}" do
    command "install -o root -g etcd -m 0640 #{source}/#{name} /etc/etcd/pki/.#{name}.new && " \
            "mv -f /etc/etcd/pki/.#{name}.new /etc/etcd/pki/#{name}"
    only_if "test -n '#{source}' && test -e #{source}/#{name} && " \
            "! cmp -s #{source}/#{name} /etc/etcd/pki/#{name}"
  end
end
