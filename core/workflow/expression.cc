#include "core/workflow/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace batchite::workflow {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

enum class Scan { Found, Quoted, Unclosed };
struct Place {
  Scan scan;
  std::size_t at;
};

// The first of `delimiters` from `from` on that is in no brackets, parentheses or single quotes. A double quote outside
// single quotes ends the search: the extension sees JSON text, where it hides everything up to the end of the string.
Place find_outside(std::string_view text, std::size_t from, std::string_view delimiters) {
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (delimiters.find(c) != kNone) return {Scan::Found, i};
    if (c == '"') return {Scan::Quoted, i};
    if (c == '\'') {
      i = text.find('\'', i + 1);
      if (i == kNone) return {Scan::Unclosed, text.size()};
    } else if (c == '[' || c == '(') {
      const Place inner = find_outside(text, i + 1, c == '[' ? "]" : ")");
      if (inner.scan != Scan::Found) return inner;
      i = inner.at;
    }
  }
  return {Scan::Unclosed, text.size()};
}

// 'text' with nothing behind it.
bool is_literal(std::string_view text) {
  return text.size() >= 2 && text.front() == '\'' && text.find('\'', 1) == text.size() - 1;
}

bool is_wrapped(std::string_view text, char open, char close) {
  return text.size() >= 2 && text.front() == open &&
         find_outside(text, 1, std::string_view(&close, 1)).at == text.size() - 1;
}

// The name in front of "(" at the beginning, if it is one of the functions.
std::string_view function_at(std::string_view text) {
  text = trim(text);
  for (const std::string_view name : {"parameters", "variables", "concat", "reference"}) {
    if (text.starts_with(name) && trim(text.substr(name.size())).starts_with('(')) return name;
  }
  return {};
}

// Whether any bracket from `from` on holds a call.
bool has_call(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find('[', from); at != kNone; at = text.find('[', at + 1)) {
    const bool is_escaped = at > 0 && text[at - 1] == '[';
    if (!is_escaped && !function_at(text.substr(at + 1)).empty()) return true;
  }
  return false;
}

}  // namespace

Document Expander::expand(const Document& value, const std::string& path) {
  if (value.is_string()) return expand_string(value.get_ref<const std::string&>(), path);
  if (value.is_structured()) return expand_members(value, path);
  return value;
}

Document Expander::expand_members(const Document& value, const std::string& path) {
  if (value.is_array()) {
    Document result = Document::array();
    for (std::size_t i = 0; i < value.size(); ++i) result.push_back(expand(value[i], item_path(path, i)));
    return result;
  }
  Document result = Document::object();
  for (const auto& [name, member] : value.items()) {
    const std::string at = member_path(path, name);
    result[text_form(expand_string(name, at))] = expand(member, at);
  }
  return result;
}

Document Expander::expand_string(const std::string& text, const std::string& path) {
  if (text.find('[') == std::string::npos) return text;
  const std::string outer = std::exchange(path_, path);
  Document result = text;
  try {
    result = replace_brackets(text);
  } catch (const ExpressionError& error) {
    report_.problem(path, error.text);
  } catch (const MissingParameter&) {
    // Noted by ParameterValues, and told with all the others.
  }
  path_ = outer;
  return result;
}

Document Expander::replace_brackets(const std::string& text) {
  std::string result;
  std::size_t done = 0;
  while (true) {
    const std::size_t open = text.find('[', done);
    if (open == std::string::npos) break;
    if (is_escape(text, open)) {
      const bool keeps_both =
          settings_.lenient_brackets && function_at(std::string_view(text).substr(open + 2)).empty();
      result += text.substr(done, open - done) + (keeps_both ? "[[" : "[");
      done = open + 2;
      continue;
    }
    const Place close = find_outside(text, open + 1, "]");
    if (close.scan == Scan::Quoted) {
      leave_rest(text, open, false);
      break;
    }
    if (close.scan == Scan::Unclosed) {
      const std::string_view name = function_at(std::string_view(text).substr(open + 1));
      if (!name.empty())
        throw ExpressionError{fmt::format("unbalanced brackets, quotes or parentheses in \"{}\"", text.substr(open))};
      leave_rest(text, open, true);
      break;
    }
    Document value = replace_bracket(text, open, close.at);
    if (open == 0 && close.at + 1 == text.size()) return value;
    result += text.substr(done, open - done) + text_form(value);
    done = close.at + 1;
  }
  return result + text.substr(done);
}

// Says so if the first bracket of the two is not there to keep a call as text, since "[[ -f x ]]" loses one of them.
bool Expander::is_escape(const std::string& text, std::size_t open) {
  if (text.compare(open, 2, "[[") != 0) return false;
  const bool hides_call = !function_at(std::string_view(text).substr(open + 2)).empty();
  if (!hides_call && !settings_.lenient_brackets) {
    const std::string rest = text.substr(open);
    report_.warn(path_,
                 fmt::format("\"{}\" becomes \"{}\", because [[ stands for one bracket; write [[[[ for two, or use "
                             "--lenient-brackets",
                             rest, rest.substr(1)));
  }
  return true;
}

// The rest of a text is left as it is. That is worth a word only if a call is in there, or if Azure's own tool fails.
void Expander::leave_rest(const std::string& text, std::size_t open, bool is_unclosed) {
  if (!is_unclosed && !has_call(text, open)) return;
  report_.warn(path_,
               fmt::format("\"{}\" is left as text: {}", text.substr(open),
                           is_unclosed ? "its bracket is never closed" : "a double quote is inside its brackets"));
}

Document Expander::replace_bracket(const std::string& text, std::size_t open, std::size_t close) {
  const std::string_view inside = std::string_view(text).substr(open + 1, close - open - 1);
  const std::string whole = text.substr(open, close - open + 1);
  Result result = evaluate(inside);
  if (result.is_call) {
    if (inside != trim(inside)) {
      report_.warn(path_,
                   fmt::format("\"{}\" has blanks inside its brackets; Azure's own tool leaves it as text", whole));
    }
    return std::move(result.value);
  }
  if (settings_.lenient_brackets) return whole;
  report_.warn(path_,
               fmt::format("\"{}\" becomes \"{}\": it is no call of parameters, variables or concat; write \"[{}\" "
                           "to keep it, or use --lenient-brackets",
                           whole, text_form(result.value), whole));
  return std::move(result.value);
}

Expander::Result Expander::evaluate(std::string_view expression) {
  const std::string_view trimmed = trim(expression);
  if (const std::string_view name = function_at(trimmed); !name.empty()) return {evaluate_call(name, trimmed), true};
  if (is_wrapped(expression, '[', ']') || is_wrapped(expression, '(', ')')) {
    return evaluate(expression.substr(1, expression.size() - 2));
  }
  if (expression.size() >= 2 && expression.front() == '\'' && expression.back() == '\'') {
    return {std::string(expression.substr(1, expression.size() - 2)), false};
  }
  return {std::string(expression), false};
}

// `call` is a function's name, its arguments, and perhaps references to a part of the result.
Document Expander::evaluate_call(std::string_view name, std::string_view call) {
  const std::size_t open = call.find('(');
  const Place close = find_outside(call, open + 1, ")");
  if (close.scan != Scan::Found) {
    throw ExpressionError{fmt::format("unbalanced parentheses or quotes in \"[{}]\"", call)};
  }
  if (name == "reference") {
    throw ExpressionError{"reference(...) is not supported; there are parameters, variables and concat"};
  }
  const std::string_view arguments = call.substr(open + 1, close.at - open - 1);
  Document value = name == "concat"       ? Document(concat(arguments))
                   : name == "parameters" ? parameter(single_argument(name, arguments))
                                          : variable(single_argument(name, arguments));
  value = reach(std::move(value), call.substr(close.at + 1), std::string(call.substr(0, close.at + 1)));
  // Only what was reached is evaluated, so that one member of an object may mention another.
  const bool is_open_text = name == "variables" && value.is_string();
  return value.is_structured() || is_open_text ? evaluate_inside(value, std::string(call)) : value;
}

Document Expander::parameter(const std::string& name) {
  parameter_at_.try_emplace(path_, name);
  return parameters_.get(name);
}

const Document& Expander::variable(const std::string& name) {
  if (const Document* value = Reader(variables_).find(name)) {
    used_variables_.insert(name);
    return *value;
  }
  std::vector<std::string> names;
  if (variables_.is_object()) {
    for (const auto& [known, ignored] : variables_.items()) names.push_back(known);
  }
  throw ExpressionError{fmt::format("the template defines no variable '{}'{}", name, did_you_mean(name, names))};
}

// The expressions within a value that `call` gave: all strings of an object or list, but of plain text only one that is
// an expression as a whole.
Document Expander::evaluate_inside(const Document& value, const std::string& call) {
  if (!in_progress_.insert(call).second) throw ExpressionError{fmt::format("{} mentions itself", call)};
  struct Leave {
    std::set<std::string>& calls;
    const std::string& call;
    ~Leave() { calls.erase(call); }
  } leave{in_progress_, call};
  if (value.is_structured()) return expand(value, path_);
  const auto& text = value.get_ref<const std::string&>();
  if (!is_wrapped(text, '[', ']') || text.starts_with("[[")) {
    if (has_call(text, 0)) {
      report_.warn(path_,
                   fmt::format("the value of {} stays \"{}\": within longer text of a variable nothing is evaluated; "
                               "make it one concat",
                               call, text));
    }
    return value;
  }
  return replace_bracket(text, 0, text.size() - 1);
}

std::string Expander::concat(std::string_view arguments) {
  std::string result;
  std::size_t from = 0;
  while (from < arguments.size()) {
    const std::size_t end = find_outside(arguments, from, ",").at;
    const std::string_view argument = trim(arguments.substr(from, end - from));
    if (argument.empty()) throw ExpressionError{fmt::format("concat({}) has an empty argument", arguments)};
    const Result part = evaluate(argument);
    if (part.value.is_structured()) {
      throw ExpressionError{
          fmt::format("concat({}): {} is no text or number but {}", arguments, argument, part.value.dump())};
    }
    if (!part.is_call && argument.front() != '\'' && !std::isdigit(static_cast<unsigned char>(argument.front()))) {
      report_.warn(path_, fmt::format("concat({}): {} is taken as text; put it in single quotes", arguments, argument));
    }
    result += text_form(part.value);
    from = end + 1;
  }
  return result;
}

std::string Expander::single_argument(std::string_view name, std::string_view arguments) {
  const std::string_view argument = trim(arguments);
  if (is_literal(argument)) return std::string(argument.substr(1, argument.size() - 2));
  Result result = function_at(argument).empty() ? Result{} : evaluate(argument);
  if (!result.is_call || result.value.is_structured()) {
    throw ExpressionError{fmt::format("{}({}): the argument is a name in single quotes, or a call", name, arguments)};
  }
  return text_form(result.value);
}

// Follows .name, [0] and ['name'] behind a call.
Document Expander::reach(Document value, std::string_view references, const std::string& owner) {
  std::string_view rest = trim(references);
  while (!rest.empty()) {
    std::string key;
    if (rest.front() == '.') {
      const std::size_t end = std::min(rest.find_first_of(".[", 1), rest.size());
      key = rest.substr(1, end - 1);
      rest.remove_prefix(end);
    } else if (const Place close = find_outside(rest, 1, "]"); rest.front() == '[' && close.scan == Scan::Found) {
      key = text_form(evaluate(trim(rest.substr(1, close.at - 1))).value);
      rest.remove_prefix(close.at + 1);
    }
    if (key.empty()) throw ExpressionError{fmt::format("cannot read \"{}\" behind {}", rest, owner)};
    value = reach_one(value, key, owner);
  }
  return value;
}

Document Expander::reach_one(const Document& value, const std::string& key, const std::string& owner) {
  if (value.is_object()) {
    if (const auto it = value.find(key); it != value.end()) return *it;
    std::vector<std::string> names;
    for (const auto& [name, ignored] : value.items()) names.push_back(name);
    throw ExpressionError{fmt::format("{} has no member '{}'{}", owner, key, did_you_mean(key, names))};
  }
  if (!value.is_array())
    throw ExpressionError{fmt::format("{} has no member '{}': it is {}", owner, key, value.dump())};
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size() || index >= value.size()) {
    throw ExpressionError{fmt::format("{} has {} items; there is no [{}]", owner, value.size(), key)};
  }
  return value[index];
}

}  // namespace batchite::workflow
