// Text -> PEGTL's tree of the grammar -> our tree of checked comparisons -> yes or no. The only file that sees PEGTL.
// The grammar recurses at parentheses alone; their depth is counted beforehand, so no text overflows the stack.
#include "core/lang/odata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/parse_tree.hpp>
#include <variant>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/contract/error_codes.h"

namespace batchite {
namespace {

using contract::Filterable;
using contract::Type;

constexpr int kMaxDepth = 50;  // of parentheses

enum class Comparison { Eq, Ne, Gt, Ge, Lt, Le, StartsWith };
constexpr std::array<std::string_view, 7> kComparisons = {"eq", "ne", "gt", "ge", "lt", "le", "startswith"};

std::string_view text_of(Comparison comparison) { return kComparisons[static_cast<std::size_t>(comparison)]; }

using Value = std::variant<std::string, Time, std::int64_t, bool>;

// Ordered so that `and` is the least and `or` the greatest of its terms.
enum class Verdict { No, Unknown, Yes };

}  // namespace

struct Filter::Node {
  enum class Kind { Or, And, Not, Compare };
  Kind kind = Kind::Compare;
  std::vector<Node> terms = {};
  // Of a comparison.
  const Filterable* member = nullptr;
  Comparison comparison = Comparison::Eq;
  Value value = {};
};

namespace {

using Node = Filter::Node;

// --- The grammar ----------------------------------------------------------------------------------------------------

namespace grammar {
using namespace tao::pegtl;

struct Gap : star<space> {};
struct Or : seq<TAO_PEGTL_ISTRING("or"), not_at<identifier_other>> {};
struct And : seq<TAO_PEGTL_ISTRING("and"), not_at<identifier_other>> {};
struct Not : seq<TAO_PEGTL_ISTRING("not"), not_at<identifier_other>> {};

struct Member : list<identifier, one<'/'>> {};
struct Operator : identifier {};
struct Quoted : star<sor<two<'\''>, not_one<'\''>>> {};
struct CloseQuote : one<'\''> {};
struct TextLiteral : if_must<one<'\''>, Quoted, CloseQuote> {};
struct OpenQuote : one<'\''> {};
struct TimeLiteral
    : if_must<seq<TAO_PEGTL_ISTRING("datetime"), not_at<identifier_other>>, OpenQuote, Quoted, CloseQuote> {};
struct BoolLiteral : seq<sor<TAO_PEGTL_ISTRING("true"), TAO_PEGTL_ISTRING("false")>, not_at<identifier_other>> {};
struct NumberLiteral : seq<opt<one<'-', '+'>>, digit, star<sor<identifier_other, one<'.', ':', '-', '+'>>>> {};
struct Literal : sor<TextLiteral, TimeLiteral, BoolLiteral, NumberLiteral> {};

struct FunctionMember : seq<Member> {};
struct Comma : one<','> {};
struct FunctionText : seq<TextLiteral> {};
struct CloseFunction : one<')'> {};
struct StartsWith : if_must<seq<TAO_PEGTL_ISTRING("startswith"), Gap, one<'('>, Gap>, FunctionMember, Gap, Comma, Gap,
                            FunctionText, Gap, CloseFunction> {};
struct Compare : if_must<seq<Member, Gap>, Operator, Gap, Literal> {};

struct Any;
struct Inner : seq<Any> {};
struct CloseParenthesis : one<')'> {};
struct Parentheses : if_must<seq<one<'('>, Gap>, Inner, Gap, CloseParenthesis> {};
struct Primary : sor<Parentheses, StartsWith, Compare> {};
struct Negation : seq<star<Not, Gap>, Primary> {};
struct AfterAnd : seq<Negation> {};
struct Conjunction : seq<Negation, star<if_must<seq<Gap, And, Gap>, AfterAnd>>> {};
struct AfterOr : seq<Conjunction> {};
struct Disjunction : seq<Conjunction, star<if_must<seq<Gap, Or, Gap>, AfterOr>>> {};
struct Any : seq<Disjunction> {};
struct Start : seq<Any> {};
struct End : eof {};
struct Text : must<Gap, Start, Gap, End> {};

// What is said when the rule does not follow where it must.
template <class Rule>
inline constexpr const char* kMissing = nullptr;
template <>
inline constexpr auto kMissing<Start> = "a comparison must stand here";
template <>
inline constexpr auto kMissing<Inner> = "a comparison must stand here";
template <>
inline constexpr auto kMissing<AfterAnd> = "a comparison must follow 'and'";
template <>
inline constexpr auto kMissing<AfterOr> = "a comparison must follow 'or'";
template <>
inline constexpr auto kMissing<End> = "'and', 'or' or the end must follow";
template <>
inline constexpr auto kMissing<Gap> = "a space must follow";
template <>
inline constexpr auto kMissing<Operator> = "one of eq, ne, gt, ge, lt and le must follow";
template <>
inline constexpr auto kMissing<Literal> =
    "a value must follow: 'text', DateTime'2024-01-31T00:00:00Z', a whole number, true or false";
template <>
inline constexpr auto kMissing<OpenQuote> = "a date in single quotes must follow";
template <>
inline constexpr auto kMissing<Quoted> = "a text must follow";
template <>
inline constexpr auto kMissing<CloseQuote> = "the quote is never closed";
template <>
inline constexpr auto kMissing<CloseParenthesis> = "'and', 'or' or ')' must follow";
template <>
inline constexpr auto kMissing<FunctionMember> = "a property must follow";
template <>
inline constexpr auto kMissing<Comma> = "',' must follow";
template <>
inline constexpr auto kMissing<FunctionText> = "a text in single quotes must follow";
template <>
inline constexpr auto kMissing<CloseFunction> = "')' must follow";

struct Messages {
  template <class Rule>
  static constexpr auto message = kMissing<Rule>;
};
template <class Rule>
using Control = must_if<Messages>::control<Rule>;

template <class Rule>
using Selector = parse_tree::selector<
    Rule, parse_tree::store_content::on<Member, Operator, Not, TextLiteral, TimeLiteral, BoolLiteral, NumberLiteral>,
    parse_tree::remove_content::on<Compare, StartsWith>, parse_tree::fold_one::on<Disjunction, Conjunction, Negation>>;
}  // namespace grammar

using Tree = tao::pegtl::parse_tree::node;

// --- From the grammar's tree to ours --------------------------------------------------------------------------------

class Builder {
 public:
  Builder(std::string_view text, const contract::Operation& operation) : text_(text), operation_(operation) {}

  Node build() const {
    check_depth();
    namespace pegtl = tao::pegtl;
    pegtl::memory_input<> input(text_.data(), text_.size(), "");
    try {
      const auto root =
          pegtl::parse_tree::parse<grammar::Text, grammar::Selector, pegtl::nothing, grammar::Control>(input);
      return convert(*root->children.front());
    } catch (const pegtl::parse_error& error) {
      refuse(error.positions().front().byte, std::string(error.message()));
    }
  }

 private:
  [[noreturn]] void refuse(std::size_t offset, const std::string& what) const {
    throw Error(errors::kInvalidQueryParameterValue, {{"QueryParameterName", "$filter"},
                                                      {"QueryParameterValue", std::string(text_)},
                                                      {"Reason", fmt::format("Column {}: {}", offset + 1, what)}});
  }
  [[noreturn]] void refuse(const Tree& tree, const std::string& what) const { refuse(tree.begin().byte, what); }

  void check_depth() const {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '\'') quoted = !quoted;
      if (quoted) continue;
      if (text_[i] == '(' && ++depth > kMaxDepth) {
        refuse(i, fmt::format("parentheses are more than {} deep", kMaxDepth));
      }
      if (text_[i] == ')') --depth;
    }
  }

  Node convert(const Tree& tree) const {
    if (tree.is_type<grammar::Compare>()) return comparison(tree);
    if (tree.is_type<grammar::StartsWith>()) return starts_with(tree);
    if (tree.is_type<grammar::Negation>()) return negation(tree);
    Node node{.kind = tree.is_type<grammar::Disjunction>() ? Node::Kind::Or : Node::Kind::And};
    for (const auto& child : tree.children) node.terms.push_back(convert(*child));
    return node;
  }

  // Any number of `not` and what they stand before; pairs of them cancel.
  Node negation(const Tree& tree) const {
    Node term = convert(*tree.children.back());
    if (tree.children.size() % 2 != 0) return term;
    Node node{.kind = Node::Kind::Not};
    node.terms.push_back(std::move(term));
    return node;
  }

  Node comparison(const Tree& tree) const {
    const Tree& name = *tree.children[1];
    const auto* const known =
        std::ranges::find_if(kComparisons, [&](std::string_view text) { return same_id(text, name.string_view()); });
    const auto chosen = static_cast<Comparison>(known - kComparisons.begin());
    if (known == kComparisons.end() || chosen == Comparison::StartsWith) {
      refuse(name, fmt::format("'{}' is none of eq, ne, gt, ge, lt and le", name.string_view()));
    }
    const Filterable& member = member_of(*tree.children[0], name, chosen);
    return {.member = &member, .comparison = chosen, .value = value_of(*tree.children[2], member)};
  }

  Node starts_with(const Tree& tree) const {
    const Filterable& member = member_of(*tree.children[0], tree, Comparison::StartsWith);
    return {.member = &member, .comparison = Comparison::StartsWith, .value = value_of(*tree.children[1], member)};
  }

  const Filterable& member_of(const Tree& name, const Tree& comparison, Comparison chosen) const {
    const auto found = std::ranges::find(operation_.filters, name.string_view(), &Filterable::name);
    if (found == operation_.filters.end()) {
      refuse(name, fmt::format("'{}' is not a property that this list can be filtered by", name.string_view()));
    }
    if (!found->allows(text_of(chosen))) {
      refuse(comparison, fmt::format("{} cannot be compared with {}, only with {}", found->name, text_of(chosen),
                                     fmt::join(found->comparisons, ", ")));
    }
    return *found;
  }

  Value value_of(const Tree& literal, const Filterable& member) const {
    const std::string_view text = literal.string_view();
    const bool is_text = literal.is_type<grammar::TextLiteral>();
    if (member.type == Type::Boolean) {
      if (!literal.is_type<grammar::BoolLiteral>()) refuse(literal, fmt::format("{} is true or false", member.name));
      return same_id(text, "true");
    }
    if (member.type == Type::DateTime) {
      if (!is_text && !literal.is_type<grammar::TimeLiteral>()) {
        refuse(literal, fmt::format("{} needs a date such as DateTime'2024-01-31T00:00:00Z'", member.name));
      }
      if (const auto time = parse_iso8601(unquoted(text))) return *time;
      refuse(literal, fmt::format("{} is not a date", text));
    }
    if (member.type == Type::Int32) return whole_number(literal, member);
    if (!is_text) refuse(literal, fmt::format("{} needs a text in single quotes", member.name));
    return unquoted(text);
  }

  Value whole_number(const Tree& literal, const Filterable& member) const {
    std::string_view text = literal.string_view();
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (!literal.is_type<grammar::NumberLiteral>() || !whole) {
      refuse(literal, fmt::format("{} needs a whole number", member.name));
    }
    return number;
  }

  // The text between the quotes of a literal, '' for ' undone.
  static std::string unquoted(std::string_view literal) {
    literal.remove_prefix(literal.find('\'') + 1);
    literal.remove_suffix(1);
    std::string text;
    for (std::size_t i = 0; i < literal.size(); ++i) {
      text += literal[i];
      if (literal[i] == '\'') ++i;
    }
    return text;
  }

  std::string_view text_;
  const contract::Operation& operation_;
};

// --- Judging --------------------------------------------------------------------------------------------------------

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Names of files are the only texts in which case tells things apart.
bool is_case_sensitive(const Filterable& member) { return member.name == "name"; }

std::strong_ordering order(std::string_view a, std::string_view b, bool case_sensitive) {
  if (case_sensitive) return a <=> b;
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<unsigned char>(folded(x)) <=> static_cast<unsigned char>(folded(y));
  });
}

bool holds(Comparison comparison, std::strong_ordering order) {
  switch (comparison) {
    case Comparison::Eq:
      return order == 0;
    case Comparison::Ne:
      return order != 0;
    case Comparison::Gt:
      return order > 0;
    case Comparison::Ge:
      return order >= 0;
    case Comparison::Lt:
      return order < 0;
    case Comparison::Le:
      return order <= 0;
    case Comparison::StartsWith:
      break;  // judged on texts
  }
  return false;
}

bool holds_for_text(const Node& node, std::string_view text) {
  const auto& wanted = std::get<std::string>(node.value);
  if (node.comparison == Comparison::StartsWith) text = text.substr(0, wanted.size());
  const auto found = order(text, wanted, is_case_sensitive(*node.member));
  return holds(node.comparison == Comparison::StartsWith ? Comparison::Eq : node.comparison, found);
}

const Document* find(const Document& resource, std::string_view path) {
  // The filter's name for what the resource calls lastModified.
  if (path == "lastModifiedTime") path = "lastModified";
  const Document* value = &resource;
  while (value && !path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    value = Reader(*value).find(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return value;
}

bool holds_for(const Node& node, const Document& resource) {
  const Document* value = find(resource, node.member->name);
  if (value) {
    if (const auto* time = std::get_if<Time>(&node.value); time && value->is_string()) {
      if (const auto shown = parse_iso8601(value->get_ref<const std::string&>())) {
        return holds(node.comparison, *shown <=> *time);
      }
    } else if (const auto* number = std::get_if<std::int64_t>(&node.value); number && value->is_number_integer()) {
      return holds(node.comparison, value->get<std::int64_t>() <=> *number);
    } else if (const auto* flag = std::get_if<bool>(&node.value); flag && value->is_boolean()) {
      return holds(node.comparison, value->get<bool>() <=> *flag);
    } else if (std::holds_alternative<std::string>(node.value) && value->is_string()) {
      return holds_for_text(node, value->get_ref<const std::string&>());
    }
  }
  return node.comparison == Comparison::Ne;
}

Verdict verdict_on(const Node& node, const Filter::Known& known) {
  const auto told = [](bool holds) { return holds ? Verdict::Yes : Verdict::No; };
  if (std::holds_alternative<std::monostate>(known.value)) return told(node.comparison == Comparison::Ne);
  if (const auto* text = std::get_if<std::string_view>(&known.value)) {
    if (std::holds_alternative<std::string>(node.value)) return told(holds_for_text(node, *text));
  } else if (const auto* shown = std::get_if<Time>(&known.value)) {
    if (const auto* time = std::get_if<Time>(&node.value)) return told(holds(node.comparison, *shown <=> *time));
  } else if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
    return told(holds(node.comparison, std::get<std::int64_t>(known.value) <=> *number));
  }
  return Verdict::Unknown;
}

// `judge` gives the verdict of one comparison.
template <class Judge>
Verdict evaluate(const Node& node, const Judge& judge) {
  if (node.kind == Node::Kind::Compare) return judge(node);
  if (node.kind == Node::Kind::Not) {
    const Verdict verdict = evaluate(node.terms.front(), judge);
    if (verdict == Verdict::Unknown) return verdict;
    return verdict == Verdict::Yes ? Verdict::No : Verdict::Yes;
  }
  const bool all = node.kind == Node::Kind::And;
  Verdict verdict = all ? Verdict::Yes : Verdict::No;
  for (const Node& term : node.terms) {
    const Verdict next = evaluate(term, judge);
    verdict = all ? std::min(verdict, next) : std::max(verdict, next);
    if (verdict == (all ? Verdict::No : Verdict::Yes)) break;
  }
  return verdict;
}

// --- Printing -------------------------------------------------------------------------------------------------------

std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("''") : std::string(1, c);
  return result + "'";
}

std::string print(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return in_quotes(*text);
  if (const auto* time = std::get_if<Time>(&value)) return "DateTime'" + iso8601(*time) + "'";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return std::get<bool>(value) ? "true" : "false";
}

std::string print(const Node& node) {
  if (node.kind == Node::Kind::Compare) {
    return fmt::format("({} {} {})", text_of(node.comparison), node.member->name, print(node.value));
  }
  std::string text = node.kind == Node::Kind::Or ? "(or" : node.kind == Node::Kind::And ? "(and" : "(not";
  for (const Node& term : node.terms) text += " " + print(term);
  return text + ")";
}

}  // namespace

Filter Filter::parse(std::string_view text, const contract::Operation& operation) {
  return Filter(std::make_shared<const Node>(Builder(text, operation).build()));
}

bool Filter::matches(const Document& resource) const {
  return evaluate(*root_, [&](const Node& node) { return holds_for(node, resource) ? Verdict::Yes : Verdict::No; }) ==
         Verdict::Yes;
}

bool Filter::rules_out(std::span<const Known> known) const {
  return evaluate(*root_, [&](const Node& node) {
           const auto found = std::ranges::find(known, node.member->name, &Known::member);
           return found == known.end() ? Verdict::Unknown : verdict_on(node, *found);
         }) == Verdict::No;
}

std::string Filter::to_text() const { return print(*root_); }

}  // namespace batchite
