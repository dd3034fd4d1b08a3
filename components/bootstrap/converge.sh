# shellcheck shell=bash disable=SC2154 # what is not assigned here comes from "$run/settings"
# Runs on the node, detached, once for each set of inputs: waits for the machine, installs the Chef
# client, converges. Arguments: the bootstrap folder, the folder of this run, the time allowed in
# seconds.
set -euo pipefail
umask 077

say() { echo "$(date -u +%FT%TZ) $*"; }

# In one step: somebody may just be reading it, and an empty one would be a failure.
set_status() {
    echo "$2" > "$1/status.new"
    mv "$1/status.new" "$1/status"
}

# Only the last line of main makes it "ok": after a signal bash may come here with exit code 0.
result=ended
finish() {
    local code=$?
    [ "$result" = ok ] || result="exit $code"
    set_status "$run" "$result"
}

# For whoever started the bootstrap: it says so when the converge is done.
warn() { echo "$*" >> "$run/warnings"; }

# Between the brackets of "errors": [ … ], in one line.
cloud_init_error() {
    local words
    words=$(tr -s ' \n' ' ' < /run/cloud-init/result.json 2> /dev/null |
        sed -n 's/.*"errors": \[ \(.*\) \].*/\1/p' | cut -c 1-300)
    echo "${words:-exit $1}; see: cloud-init status --long"
}

# The result file is written at its end; asking cloud-init itself costs a quarter of a second of
# processor time. Exit 2 means that it finished with a warning of its own.
wait_for_cloud_init() {
    command -v cloud-init > /dev/null || return 0
    if grep -qs '"errors": \[\]' /run/cloud-init/result.json; then return 0; fi
    local code=0
    timeout "$timeout_seconds" cloud-init status --wait > /dev/null || code=$?
    case $code in
        0 | 2) ;;
        124)
            say "cloud-init is not done after $timeout_seconds s; see: cloud-init status --long"
            return 1
            ;;
        # Such as one module that failed, or a script of the image: what is needed here is asked for
        # where it is needed (cloud-init issue 4505).
        *)
            say "cloud-init ended with an error (exit $code), and the converge went on:"
            cloud-init status --long || true
            warn "cloud-init ended with an error: $(cloud_init_error "$code")"
            ;;
    esac
}

chef_client() {
    local candidate candidates="chef-client /opt/chef/bin/chef-client"
    [ "$product" = chef ] || candidates="cinc-client /opt/cinc/bin/cinc-client $candidates"
    for candidate in $candidates; do
        command -v "$candidate" && return
    done
    say "neither of $candidates is on this machine" >&2
    return 1
}

# url and sha256 of the pinned version, from the place where Chef's packages are listed.
look_up_package() {
    local answer host=omnitruck.cinc.sh
    [ "$product" = cinc ] || host=omnitruck.chef.io
    . /etc/os-release
    answer=$(curl -fsSL --proto '=https' --proto-redir '=https' --retry 5 --max-time 60 \
        -H 'Accept: text/plain' \
        "https://$host/stable/$product/metadata?v=$version&p=$ID&pv=$VERSION_ID&m=$(uname -m)") || {
        say "$host names no $product $version for $ID $VERSION_ID; give the package's address" \
            "and sha256, or use an image that has the client"
        return 1
    }
    package_url=$(echo "$answer" | awk '$1 == "url" { print $2 }')
    package_sha256=$(echo "$answer" | awk '$1 == "sha256" { print $2 }')
}

install_chef() {
    if [ "$product" = preinstalled ]; then
        chef_client > /dev/null && return 0
        say "chef.product is preinstalled; use an image that has a client, or let this script" \
            "install one"
        return 1
    fi
    local installed
    # shellcheck disable=SC2016 # the braces are dpkg-query's
    installed=$(dpkg-query --show --showformat '${Version}' "$product" 2>/dev/null) ||
        installed=none
    case $installed in "$version" | "$version"-*) return 0 ;; esac
    if ! command -v apt-get > /dev/null; then
        say "packages are installed with apt-get, which is not here; use an image that has the" \
            "client"
        return 1
    fi
    [ -n "$package_url" ] || look_up_package
    say "installing $product $version from $package_url"
    curl -fsSL --retry 5 --max-time 600 -o "$run/client.deb" "$package_url" || {
        say "$package_url could not be fetched; nothing was changed here. Mend the way to it, or" \
            "give another chef.packageUrl"
        return 1
    }
    echo "$package_sha256  $run/client.deb" | sha256sum --check --strict --quiet || {
        say "$package_url has another sha256 than $package_sha256, so it was not installed"
        return 1
    }
    # A new machine's own apt timers may hold the lock.
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        -o APT::Sandbox::User=root install -y -q "$run/client.deb"
    rm -f "$run/client.deb"
}

# A first start needs it (cookbooks/etcd/files/ticket.py). A node that holds a member, or held one,
# gets none; where its volume is not mounted yet, the node's own check uses the ticket up. Nor does
# one where a member was set aside: what comes after it joins. Without one of this run's, none of an
# earlier run's is left either; a ticket to join came from etcd-join, which alone replaces it.
place_ticket() {
    local node=/var/lib/etcd-node data=/var/lib/etcd
    if grep -qs '"kind": *"join"' "$node/ticket.json"; then
        rm -f "$run/ticket.json"
        return
    fi
    if [ ! -f "$run/ticket.json" ] || [ -e "$node/member.json" ] || [ -e "$data/member.json" ] ||
        compgen -G "$node/member.*.json" > /dev/null ||
        compgen -G "$data/member.*.json" > /dev/null ||
        compgen -G "$data/data/member/wal/*.wal" > /dev/null; then
        rm -f "$run/ticket.json" "$node/ticket.json"
        return
    fi
    mkdir -p "$node"
    chmod 0755 "$node"
    mv -f "$run/ticket.json" "$node/.ticket.new"
    sync "$node/.ticket.new"
    mv -f "$node/.ticket.new" "$node/ticket.json"
    sync "$node"
}

converge() {
    local client
    client=$(chef_client)
    # Chef keeps the node's attributes and merges new ones into them: what was taken out of a hash
    # would stay.
    rm -rf "$run/nodes"
    # The recipe looks in one place, because its attributes must not change with each run; under the
    # lock that place holds this run's.
    rm -rf "$base/pki"
    [ ! -d "$run/pki" ] || mv "$run/pki" "$base/pki"
    cd "$run"
    if [ "$product" = chef ]; then export CHEF_LICENSE=accept-silent; fi
    # Its own umask would give files that recipes and packages create with plain commands to root
    # alone.
    (umask 022 && exec "$client" -z -c client.rb -j node.json)
}

# Inputs of earlier runs hold secrets, and their "ok" is worth nothing once this run changes the
# machine. Those waiting for their turn stay; a result stays for one run more, because somebody may
# just be about to read it.
forget_earlier_runs() {
    local other
    for other in "$base"/*/; do
        if [ "$other" = "$run/" ] || [ ! -f "$other/status" ] ||
            [ "$(cat "$other/status")" = running ]; then
            continue
        elif [ ! -e "$other/node.json" ]; then
            rm -rf "$other"
        else
            rm -rf "$other/node.json" "$other/nodes" "$other/pki" "$other/cookbooks" \
                "$other/ticket.json"
            [ "$(cat "$other/status")" != ok ] || set_status "$other" "ok, superseded"
        fi
    done
}

main() {
    base=$1 run=$2 timeout_seconds=$3
    . "$run/settings"
    trap finish EXIT
    trap 'exit 143' TERM
    exec >> "$base/converge.log" 2>&1
    exec 9> "$base/converge.lock"
    if ! flock -n 9; then
        say "another converge is running; waiting for it"
        flock -w "$timeout_seconds" 9 || {
            say "still running after $timeout_seconds s"
            exit 1
        }
    fi
    say "converge ${run##*/} begins"
    wait_for_cloud_init
    install_chef
    forget_earlier_runs
    place_ticket
    converge
    rm -rf "$base/pki" # the recipe has put it where etcd reads it
    say "converge ${run##*/} done in $SECONDS s"
    result=ok
}

main "$@"
