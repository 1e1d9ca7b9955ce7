#include "backends/local/instances.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "core/workflow/command_line.h"

namespace batchite {
namespace {

namespace fs = std::filesystem;

constexpr int kMasterPort = 6000;  // of the master node, as the documents show it

// Nodes are on one machine: they reach each other by its loopback device, whatever other networks it has or has not.
// Each of them believes to have all of its processors, so that pinning would put all ranks on the first ones, and
// waiting in a loop would take them from each other. Nobody but us decides who runs the tasks, if need be root.
constexpr const char* kSettings[] = {
    "OMPI_MCA_btl_tcp_if_include=lo", "OMPI_MCA_oob_tcp_if_include=lo", "OMPI_MCA_hwloc_base_binding_policy=none",
    "OMPI_MCA_mpi_yield_when_idle=1", "OMPI_ALLOW_RUN_AS_ROOT=1",       "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
};

constexpr std::string_view kSshScript = R"sh(#!/bin/sh
# Stand-in for ssh among the nodes of a multi-instance task, which share this machine. Written by batchite.
host=
skip=
count=0
for argument do
  count=$((count + 1))
  if [ -n "$skip" ]; then skip=; continue; fi
  case $argument in
    -[BbcDEeFIiJLlmOopQRSWw]) skip=1 ;;
    -*) ;;
    *) host=${argument##*@}; break ;;
  esac
done

node=$BATCHITE_HOSTS/$host
if [ -z "$host" ] || [ ! -f "$node" ]; then
  # The real one, without this directory.
  here=${0%/*}
  host_path=
  old_ifs=$IFS; IFS=:
  for directory in $PATH; do
    [ "$directory" = "$here" ] || host_path=$host_path${host_path:+:}$directory
  done
  IFS=$old_ifs
  PATH=$host_path
  if command -v ssh >/dev/null 2>&1; then exec ssh "$@"; fi
  printf 'batchite: %s is no node of this task, and this machine has no ssh\n' "${host:-that}" >&2
  exit 255
fi

shift "$count"
if [ $# -eq 0 ]; then
  printf 'batchite: ssh to a node needs a command\n' >&2
  exit 255
fi
exec env -i /bin/sh -c '. "$1"; cd "$HOME" || exit 255; exec "$SHELL" -c "$2"' ssh "$node" "$*"
)sh";

std::string joined(const InstanceNodes& nodes, char separator) {
  std::string text;
  for (const InstanceNodes::Member& member : nodes.members) {
    if (!text.empty()) text += separator;
    text += member.address;
  }
  return text;
}

std::string nodes_with_cores(const InstanceNodes& nodes) {
  std::string text = std::to_string(nodes.members.size());
  for (const InstanceNodes::Member& member : nodes.members) text += fmt::format(" {} {}", member.address, nodes.cores);
  return text;
}

// What a shell can have as a variable.
bool is_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

std::vector<std::string> instance_variables(const InstanceFacts& facts) {
  const std::string& master = facts.nodes.members.front().address;
  const std::string cores = nodes_with_cores(facts.nodes);
  std::vector<std::string> variables = {
      "AZ_BATCH_HOST_LIST=" + joined(facts.nodes, ','),
      "AZ_BATCH_NODE_LIST=" + joined(facts.nodes, ';'),
      fmt::format("AZ_BATCH_MASTER_NODE={}:{}", master, kMasterPort),
      std::string("AZ_BATCH_IS_CURRENT_NODE_MASTER=") + (facts.instance == 0 ? "true" : "false"),
      "AZ_BATCH_TASK_SHARED_DIR=" + facts.shared.string(),
      "CCP_NODES=" + cores,
      "CCP_NODES_CORES=" + cores,
      "BATCHITE_HOSTS=" + facts.hosts.string(),
  };
  variables.insert(variables.end(), std::begin(kSettings), std::end(kSettings));
  return variables;
}

std::string write_ssh_stand_in(const fs::path& directory) {
  const fs::path place = fs::absolute(directory);
  fs::create_directories(place);
  // Written aside and renamed: a task of an earlier run may be executing it.
  const fs::path aside = place / "ssh.new";
  std::ofstream file(aside, std::ios::binary | std::ios::trunc);
  file << kSshScript;
  file.close();
  if (!file) throw fs::filesystem_error("writing a stand-in", aside, std::make_error_code(std::errc::io_error));
  fs::permissions(aside, fs::perms(0755));
  fs::rename(aside, place / "ssh");
  return place.string();
}

void enter_host(const fs::path& hosts, const std::string& address, const std::vector<std::string>& environment) {
  std::error_code ignored;
  fs::create_directories(hosts, ignored);
  std::ofstream file(hosts / address, std::ios::binary | std::ios::trunc);
  fs::permissions(hosts / address, fs::perms(0600), ignored);
  for (const std::string& line : environment) {
    const std::size_t equals = line.find('=');
    const std::string name = line.substr(0, equals);
    if (is_name(name)) file << "export " << name << "=" << workflow::shell_quote(line.substr(equals + 1)) << "\n";
  }
}

}  // namespace batchite
