#include "core/workflow/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base/ids.h"

namespace batchite::workflow {
namespace {

constexpr std::string_view kPrefixes[] = {"cmd.exe /c", "cmd /c", "/bin/bash -c", "/bin/sh -c"};

bool mentions_windows(const std::string& text) { return fold(text).find("windows") != std::string::npos; }

std::string in_single_quotes(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// 'text' or "text" as one whole; nothing else.
bool is_one_quoted_word(std::string_view text, char quote) {
  if (text.size() < 2 || text.front() != quote || text.back() != quote) return false;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == quote) return false;
    if (quote == '"' && text[i] == '\\') ++i;
    if (i + 1 >= text.size()) return false;
  }
  return true;
}

}  // namespace

OperatingSystem operating_system(const Document& pool) {
  const Reader machine = Reader(pool).object("virtualMachineConfiguration");
  const std::string sku = machine.text("nodeAgentSKUId");
  if (!sku.empty()) return mentions_windows(sku) ? OperatingSystem::Windows : OperatingSystem::Linux;
  const std::string publisher = machine.object("imageReference").text("publisher");
  return publisher.empty() || mentions_windows(publisher) ? OperatingSystem::Windows : OperatingSystem::Linux;
}

bool is_prefixed(std::string_view command_line) {
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return command_line.starts_with(prefix); });
}

std::string shell_quote(std::string_view text) {
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view("@%+=:,./-_").find(static_cast<char>(c)) != std::string_view::npos;
  });
  return is_plain ? std::string(text) : in_single_quotes(text);
}

std::string without_prefix(std::string_view command_line) {
  for (const std::string_view prefix : kPrefixes) {
    if (!command_line.starts_with(prefix) || !command_line.substr(prefix.size()).starts_with(' ')) continue;
    const std::string_view rest = command_line.substr(prefix.size() + 1);
    const std::string_view inside = rest.size() < 2 ? rest : rest.substr(1, rest.size() - 2);
    if (is_one_quoted_word(rest, '\'')) return std::string(inside);
    if (!is_one_quoted_word(rest, '"')) return std::string(rest);
    if (prefix.starts_with("cmd")) return std::string(inside);
    std::string text;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      if (inside[i] == '\\' && i + 1 < inside.size() && (inside[i + 1] == '"' || inside[i + 1] == '\\')) ++i;
      text += inside[i];
    }
    return text;
  }
  return std::string(command_line);
}

void prefix_command(Document* task, const std::string& path, const AskSystem& system, Report& report) {
  if (!task) return;
  const std::string command = Reader(*task).text("commandLine");
  if (command.empty()) report.fail(path, "a task needs a commandLine; add one");
  if (is_prefixed(command)) return;
  if (system() == OperatingSystem::Windows) {
    (*task)["commandLine"] = fmt::format("cmd /c \"{}\"", command);
    return;
  }
  if (command.find('\'') != std::string::npos) {
    report.warn(
        member_path(path, "commandLine"),
        "its single quotes are escaped when /bin/bash -c '...' is put around it; Azure's own tool would break here, "
        "so begin it with /bin/bash -c yourself");
  }
  (*task)["commandLine"] = "/bin/bash -c " + in_single_quotes("set -e; set -o pipefail; " + command + "; wait");
}

}  // namespace batchite::workflow
