// `completion bash|zsh|fish`: a script that knows every command and flag, made from the commands themselves.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.h"
#include "core/workflow/report.h"

namespace batchite::cli {
namespace {

struct Entry {
  std::string path;                       // "task add"; empty: the program itself
  std::vector<std::string> words = {};    // commands and flags that may follow
  std::vector<std::string> summary = {};  // of each word
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void collect(const CLI::App& app, const std::string& path, std::vector<Entry>& entries) {
  Entry entry{.path = path};
  for (const CLI::App* command : app.get_subcommands({})) {
    entry.words.push_back(command->get_name());
    entry.summary.push_back(first_line(command->get_description()));
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      entry.words.push_back("--" + name);
      entry.summary.push_back(first_line(option->get_description()));
    }
  }
  entries.push_back(std::move(entry));
  for (const CLI::App* command : app.get_subcommands({})) {
    collect(*command, path + (path.empty() ? "" : " ") + command->get_name(), entries);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// zsh runs the same by its bashcompinit.
void write_bash(std::ostream& out, const std::vector<Entry>& entries) {
  out << "_batchite() {\n"
         "  local word path='' words i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=${COMP_WORDS[i]}\n"
         "    [[ $word == -* ]] && continue\n"
         "    case \"${path:+$path }$word\" in\n";
  std::string paths;
  for (const Entry& entry : entries) {
    if (!entry.path.empty()) paths += fmt::format("{}'{}'", paths.empty() ? "" : "|", entry.path);
  }
  out << "      " << paths << ") path=\"${path:+$path }$word\" ;;\n"
      << "    esac\n"
         "  done\n"
         "  case \"$path\" in\n";
  for (const Entry& entry : entries) out << fmt::format("    '{}') words='{}' ;;\n", entry.path, joined(entry.words));
  out << "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "  [[ ${COMP_WORDS[COMP_CWORD]} == -* ]] || COMPREPLY+=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o filenames -F _batchite batchite\n";
}

std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return quoted + "'";
}

void write_fish(std::ostream& out, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    const std::string condition =
        entry.path.empty() ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + entry.path;
    for (std::size_t i = 0; i < entry.words.size(); ++i) {
      const bool is_flag = entry.words[i].starts_with("--");
      const bool is_global = is_flag && entry.path.empty();
      out << fmt::format("complete -c batchite {}{} {} -d {}\n", is_global ? "" : "-n " + fish_quoted(condition) + " ",
                         is_flag ? "-l" : "-a", is_flag ? entry.words[i].substr(2) : entry.words[i],
                         fish_quoted(entry.summary[i]));
    }
  }
}

int write_script(Program& program, const std::string& shell) {
  std::vector<Entry> entries;
  collect(program.app(), "", entries);
  std::ostream& out = program.around().out;
  if (shell == "bash") {
    write_bash(out, entries);
  } else if (shell == "zsh") {
    out << "autoload -U +X bashcompinit && bashcompinit\n";
    write_bash(out, entries);
  } else if (shell == "fish") {
    write_fish(out, entries);
  } else {
    throw UsageError(fmt::format("completion {}: the shells are bash, zsh and fish{}", shell,
                                 workflow::did_you_mean(shell, {"bash", "zsh", "fish"})));
  }
  return kOk;
}

}  // namespace

void declare_completion(Program& program) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = program.add(program.app(), "completion", "A completion script for bash, zsh or fish");
  command->add_option("shell", *shell)->required()->type_name("bash|zsh|fish");
  program.on_chosen(command, [&program, shell] { return write_script(program, *shell); });
}

}  // namespace batchite::cli
