#include "backends/local/package_stand_ins.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace batchite {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManagers[] = {"apt-get", "apt", "yum", "dnf", "tdnf", "apk", "zypper"};
constexpr std::string_view kScriptName = "batchite-packages";

// $policy is set above it. Lists are separated by blanks, as package names hold none.
constexpr std::string_view kPackageScript = R"sh(
me=${0##*/}
here=${0%/*}
say() { printf 'batchite: %s\n' "$*" >&2; }

# The host's own tools, without this directory.
host_path=
old_ifs=$IFS; IFS=:
for directory in $PATH; do
  [ "$directory" = "$here" ] || host_path=$host_path${host_path:+:}$directory
done
IFS=$old_ifs
PATH=$host_path

verb=
packages=
skip=
for argument do
  if [ -n "$skip" ]; then skip=; continue; fi
  case $argument in
    -o|-c|-t|-R|-C|--option|--config-file|--target-release|--default-release|--enablerepo|--disablerepo|--repo|--releasever|\
    --installroot|--exclude|--repository|--from) skip=1 ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$argument; else packages="$packages $argument"; fi ;;
  esac
done
set -f
set -- $packages
set +f

# apk: -t NAME of `apk add` names a group; zypper in -t TYPE. Both are skipped above.
case $me:$verb in
  apk:add|zypper:in) action=install ;;
  apk:del|zypper:rm) action=remove ;;
  apk:fix|zypper:ref|zypper:up|zypper:dup) action=refresh ;;
  *) case $verb in
    update|upgrade|dist-upgrade|full-upgrade|makecache|check-update|upgrade-minimal|distro-sync|clean|autoclean|refresh|\
    patch|autoremove|autopurge) action=refresh ;;
    install|reinstall|localinstall|groupinstall|build-dep|satisfy) action=install ;;
    remove|purge|erase) action=remove ;;
    ''|list|search|show|info|policy|download|changelog|source|check|depends|rdepends|showpkg|repolist|provides|\
    whatprovides|history|version|se|if|lr) action=ask ;;
    *) action=unknown ;;
  esac ;;
esac

# The first package manager this host really has: the remedy names it.
remedy() {
  for tool in apt-get dnf tdnf yum zypper apk; do
    command -v "$tool" >/dev/null 2>&1 || continue
    case $tool in
      apk) printf 'sudo apk add%s' "$1" ;;
      zypper) printf 'sudo zypper --non-interactive install%s' "$1" ;;
      *) printf 'sudo %s install -y%s' "$tool" "$1" ;;
    esac
    return
  done
  printf 'sudo %s install -y%s' "$me" "$1"
}

# libx264-dev:amd64=2:0.1/stable -> libx264-dev
base_name() {
  base=${1%%=*}
  base=${base%%/*}
  base=${base%%:*}
  base=${base%+}
}

# Is the version in $2 what token $1 asks for? Sets $note if not.
version_fits() {
  case $1 in
    *=*) wanted=${1#*=} ;;
    *) return 0 ;;
  esac
  case $2 in
    $wanted) return 0 ;;
  esac
  note="$note ($base is installed in version $2, not $wanted)"
  return 1
}

# A file that was named instead of a package: its package's name, "name=version".
package_of_file() {
  case $1 in
    *.deb) dpkg-deb -W --showformat '${Package}' "$1" 2>/dev/null ;;
    *.rpm) rpm -qp --qf '%{NAME}' "$1" 2>/dev/null ;;
    *) return 1 ;;
  esac
}

# "name version" lines of the installed among $@, for dpkg.
dpkg_installed() {
  [ $# -gt 0 ] || return 0
  dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' "$@" 2>/dev/null | while read -r status name version; do
    [ "$status" = installed ] && printf '%s %s\n' "$name" "$version"
  done
}

is_in_list() {  # $1 = token; $installed = "name version" lines
  while read -r name version; do
    case $name in
      $base) version_fits "$1" "$version" && return 0; return 1 ;;
    esac
  done <<END
$installed
END
  return 1
}

# Virtual packages such as awk or mail-transport-agent.
is_provided() {
  case $1 in *=*) return 1 ;; esac
  [ -n "$provided" ] || provided=$(dpkg-query -W -f '${db:Status-Status} ${Provides},\n' 2>/dev/null |
    sed -n 's/^installed //; s/ ([^)]*)//g; s/, */ /g; s/:[a-z]*//g; s/^/ /p')
  case $provided in
    *" $base "*) return 0 ;;
  esac
  return 1
}

is_here() {  # $1 = token
  base_name "$1"
  case $1 in
    *=*) ;;
    *) case $(command -v "$base" 2>/dev/null) in /*) return 0 ;; esac
       # What we stand in for ourselves.
       [ "$base" = sudo ] && return 0 ;;
  esac
  if [ -n "$has_dpkg" ]; then
    [ -n "$installed" ] || installed=$(dpkg_installed $names)
    is_in_list "$1" || { [ -z "$note" ] && is_provided "$1"; }
  elif command -v rpm >/dev/null 2>&1; then
    version=$(rpm -q --qf '%{VERSION}-%{RELEASE}\n' --whatprovides "$base" 2>/dev/null) || return 1
    version_fits "$1" "${version%%
*}"
  elif command -v apk >/dev/null 2>&1; then
    apk info -e "$base" >/dev/null 2>&1
  else
    return 1
  fi
}

install() {
  set -f
  names=
  tokens=
  for token do
    case $token in
      ./*|/*|*.deb|*.rpm) token=$(package_of_file "$token") || token=${token##*/} ;;
      *-) say "$me: $token asks for a removal, which is skipped"; continue ;;
    esac
    base_name "$token"
    names="$names $base"
    tokens="$tokens $token"
  done
  has_dpkg=$(command -v dpkg-query 2>/dev/null)
  installed=
  provided=
  missing=
  note=
  for token in $tokens; do
    is_here "$token" || missing="$missing $token"
  done
  if [ -z "$missing" ]; then
    say "$me $verb: on this machine already:${tokens:- nothing was asked for}"
    exit 0
  fi
  say "E: $me $verb: not on this machine:$missing$note"
  say "E: tasks share this machine and may not change it. Install it yourself: $(remedy "$missing")"
  exit 100
}

case $action in
  refresh) say "$me $verb: nothing to do, as tasks do not change this machine's packages"; exit 0 ;;
  install)
    if [ "$policy" = deny ]; then
      say "E: $me $verb$packages: refused by --host-packages=deny"
      exit 100
    fi
    install "$@" ;;
  remove) say "E: $me $verb$packages: refused, as tasks share this machine and may not change it"; exit 100 ;;
  ask)
    command -v "$me" >/dev/null 2>&1 || { say "E: this machine has no $me"; exit 127; }
    exec "$me" ${verb:+"$verb"} "$@" ;;
  *) say "E: $me $verb: not supported where tasks share this machine"; exit 100 ;;
esac
)sh";

// Administrators of an Azure node have sudo without a password; here the command runs as whoever runs the emulator.
constexpr std::string_view kSudoScript = R"sh(#!/bin/sh
# Stand-in for sudo: runs the command as the same user. Written by batchite.
shell=
while [ $# -gt 0 ]; do
  case $1 in
    -u|-g|-U|-h|-p|-C|-r|-t|-T|-D|-R|--user|--group|--host|--prompt|--chdir) shift; [ $# -eq 0 ] || shift ;;
    -l|-v|-k|-K|-V|--list|--validate|--version) exit 0 ;;
    -i|-s|--login|--shell) shell=1; shift ;;
    --) shift; break ;;
    -*) shift ;;
    [A-Za-z_]*=*) export "$1"; shift ;;
    *) break ;;
  esac
done
if [ $# -eq 0 ]; then
  [ -z "$shell" ] || exec "${SHELL:-/bin/sh}"
  exit 0
fi
here=${0%/*}
# Also when it is called by its full path.
if [ -x "$here/${1##*/}" ]; then
  command=$here/${1##*/}
  shift
  exec "$command" "$@"
fi
exec "$@"
)sh";

void write_file(const fs::path& path, std::string_view content, fs::perms mode) {
  // Written aside and renamed: a task of an earlier run may be executing it.
  const fs::path aside = path.string() + ".new";
  std::ofstream file(aside, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) throw fs::filesystem_error("writing a stand-in", aside, std::make_error_code(std::errc::io_error));
  fs::permissions(aside, mode);
  fs::rename(aside, path);
}

constexpr fs::perms kProgram = fs::perms(0755), kText = fs::perms(0644);

void write_managers(const fs::path& directory, std::string_view policy) {
  std::string script = "#!/bin/sh\n# Stand-in for package managers. Written by batchite.\npolicy=";
  script.append(policy).append("\n").append(kPackageScript);
  write_file(directory / kScriptName, script, kProgram);
  for (const std::string_view manager : kManagers) fs::create_symlink(kScriptName, directory / manager);
  write_file(directory / "sudo", kSudoScript, kProgram);
}

bool is_on_path(const char* program) {
  std::string_view path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  while (!path.empty()) {
    const std::size_t colon = path.find(':');
    if (::access((std::string(path.substr(0, colon)) + "/" + program).c_str(), X_OK) == 0) return true;
    path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
  }
  return false;
}

StandIns allow_real_tools(const fs::path& directory) {
  StandIns result;
  // Start tasks of several nodes run at once, and only one may hold the package database.
  const fs::path settings = directory / "apt.conf";
  write_file(settings, "DPkg::Lock::Timeout \"600\";\n", kText);
  result.environment.push_back("APT_CONFIG=" + settings.string());
  if (::geteuid() == 0 && !is_on_path("sudo")) {
    write_file(directory / "sudo", kSudoScript, kProgram);
    result.path_prefix = directory.string();
  }
  return result;
}

}  // namespace

StandIns write_stand_ins(const std::string& directory, HostPackages packages) {
  const fs::path place = fs::absolute(directory);
  fs::create_directories(place);
  for (const std::string_view manager : kManagers) fs::remove(place / manager);
  for (const std::string_view other : {kScriptName, std::string_view("sudo"), std::string_view("apt.conf")})
    fs::remove(place / other);
  if (packages == HostPackages::Allow) return allow_real_tools(place);
  write_managers(place, packages == HostPackages::Deny ? "deny" : "shim");
  return {place.string(), {}};
}

}  // namespace batchite
