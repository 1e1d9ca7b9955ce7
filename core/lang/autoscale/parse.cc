// Text -> PEGTL's tree of the grammar -> ours. The only file of the language that sees PEGTL.
// The grammar recurses at parentheses, arguments and the middle of ?: alone, and counts how deep it is there; chains of
// operators are loops in it, in the tree and in the evaluation.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/parse_tree.hpp>

#include "core/contract/error_codes.h"
#include "core/lang/autoscale/tree.h"

namespace batchite::autoscale {
namespace {

// --- The grammar ----------------------------------------------------------------------------------------------------

namespace grammar {
using namespace tao::pegtl;

struct CommentEnd : string<'*', '/'> {};
struct Comment : sor<seq<two<'/'>, until<eolf>>, if_must<string<'/', '*'>, until<CommentEnd>>> {};
struct Gap : star<sor<space, Comment>> {};

struct Name : seq<opt<one<'$'>>, identifier> {};
struct Digits : plus<digit> {};
struct Exponent : seq<one<'e', 'E'>, opt<one<'+', '-'>>, Digits> {};
struct Number : seq<sor<seq<Digits, opt<one<'.'>, star<digit>>>, seq<one<'.'>, Digits>>, opt<Exponent>,
                    not_at<identifier_other>> {};
struct Quoted : star<not_one<'"', '\r', '\n'>> {};
struct CloseQuote : one<'"'> {};
struct Text : if_must<one<'"'>, Quoted, CloseQuote> {};

struct Sign : sor<two<'|'>, two<'&'>, string<'=', '='>, string<'!', '='>, string<'<', '='>, string<'>', '='>,
                  one<'<', '>', '+', '-', '*', '/'>> {};
struct PrefixSign : sor<one<'-'>, seq<one<'!'>, not_at<one<'='>>>> {};

struct Any;
struct Inner : seq<Any> {};
struct Close : one<')'> {};
struct Parentheses : if_must<seq<one<'('>, Gap>, Inner, Gap, Close> {};
struct Argument : seq<Any> {};
struct CloseArguments : one<')'> {};
struct Open : one<'('> {};
struct ArgumentList : if_must<not_at<one<')'>>, Argument, Gap, star<if_must<one<','>, Gap, Argument, Gap>>> {};
struct Arguments : seq<Open, must<Gap, opt<ArgumentList>, CloseArguments>> {};
struct Call : seq<Name, Gap, Arguments> {};
struct Symbol : seq<Name> {};
struct Primary : sor<Number, Text, Parentheses, Call, Symbol> {};
struct MemberName : identifier {};
struct Suffix : if_must<one<'.'>, Gap, MemberName, opt<Gap, Arguments>> {};
struct Postfix : seq<Primary, star<Gap, Suffix>> {};
struct Operand : seq<Postfix> {};
struct Prefix : sor<Postfix, if_must<plus<PrefixSign, Gap>, Operand>> {};

// Operands and signs as they come; Builder knows the precedence. A rule a precedence would nest seven times as deep.
struct AfterSign : seq<Prefix> {};
struct Chain : seq<Prefix, star<if_must<seq<Gap, Sign, Gap>, AfterSign>>> {};
struct Colon : one<':'> {};
struct Then : seq<Any> {};
struct Else : seq<Chain> {};
struct Question : one<'?'> {};
struct Conditional : seq<Chain, star<if_must<seq<Gap, Question, Gap>, Then, Gap, Colon, Gap, Else>>> {};
struct Any : seq<Conditional> {};

struct Assign : seq<one<'='>, not_at<one<'='>>> {};
struct AssignedValue : seq<Any> {};
struct Variable : seq<Name> {};
struct Assignment : if_must<seq<Variable, Gap, Assign, Gap>, AssignedValue> {};
struct Statement : sor<Assignment, Any> {};
struct Semicolons : plus<one<';'>, Gap> {};
struct First : seq<Statement> {};
struct End : eof {};
struct Whole : must<Gap, opt<Semicolons>, First, Gap, star<Semicolons, opt<Statement, Gap>>, End> {};

// What is said when the rule does not follow where it must.
template <class Rule>
inline constexpr const char* kMissing = nullptr;
constexpr const char* kNoOperand = "an expression must follow";
template <>
inline constexpr auto kMissing<Operand> = kNoOperand;
template <>
inline constexpr auto kMissing<AfterSign> = kNoOperand;
template <>
inline constexpr auto kMissing<Then> = kNoOperand;
template <>
inline constexpr auto kMissing<Else> = kNoOperand;
template <>
inline constexpr auto kMissing<AssignedValue> = kNoOperand;
// These never fail, but each rule of a must<> has to have its text.
template <>
inline constexpr auto kMissing<Gap> = kNoOperand;
template <class... Rules>
inline constexpr auto kMissing<opt<Rules...>> = kNoOperand;
template <class... Rules>
inline constexpr auto kMissing<star<Rules...>> = kNoOperand;
template <>
inline constexpr auto kMissing<First> = "a statement must stand here, such as $TargetDedicatedNodes = 1";
template <>
inline constexpr auto kMissing<Inner> = "an expression must stand in the parentheses";
template <>
inline constexpr auto kMissing<Argument> = "an argument must stand here";
template <>
inline constexpr auto kMissing<Close> = "an operator or ')' must follow";
template <>
inline constexpr auto kMissing<CloseArguments> = "an operator, ',' or ')' must follow";
template <>
inline constexpr auto kMissing<Colon> = "an operator or the ':' of '?' must follow";
template <>
inline constexpr auto kMissing<End> = "an operator or ';' must follow";
template <>
inline constexpr auto kMissing<Quoted> = kNoOperand;
template <>
inline constexpr auto kMissing<CloseQuote> = "the quote is not closed on its line";
template <>
inline constexpr auto kMissing<MemberName> = "a name must follow '.'";
template <>
inline constexpr auto kMissing<until<CommentEnd>> = "the comment is never closed";

struct Messages {
  template <class Rule>
  static constexpr auto message = kMissing<Rule>;
};
template <class Rule>
using Control = must_if<Messages>::control<Rule>;

struct Depth {
  std::size_t now = 0;
};

template <class Rule>
struct Action : nothing<Rule> {};
template <>
struct Action<Any> : maybe_nothing {
  template <class Rule, apply_mode A, rewind_mode M, template <class...> class Actions,
            template <class...> class Controls, class Input, class... States>
  static bool match(Input& input, Depth& depth, States&&... states) {
    if (++depth.now > kMaxDepth) {
      throw SyntaxError(static_cast<int>(input.position().line), static_cast<int>(input.position().column),
                        fmt::format("expressions are more than {} deep", kMaxDepth));
    }
    const bool found = tao::pegtl::match<Rule, A, M, Actions, Controls>(input, depth, states...);
    --depth.now;  // after an exception nobody asks
    return found;
  }
};

template <class Rule>
using Selector = parse_tree::selector<Rule,
                                      parse_tree::store_content::on<Name, Variable, Number, Text, MemberName, Sign,
                                                                    PrefixSign, Open, Question, Statement>,
                                      parse_tree::remove_content::on<Assignment, Call, Suffix, Arguments>,
                                      parse_tree::fold_one::on<Postfix, Prefix, Chain, Conditional>>;
}  // namespace grammar

using Tree = tao::pegtl::parse_tree::node;

// --- From the grammar's tree to ours --------------------------------------------------------------------------------

Place place_of(const tao::pegtl::position& position) {
  return {static_cast<int>(position.line), static_cast<int>(position.column)};
}

Place place_of(const Tree& tree) { return place_of(tree.begin()); }

Operator sign_of(const Tree& tree) {
  const auto* const found = std::ranges::find(kOperators, tree.string_view());
  return static_cast<Operator>(found - kOperators.begin());
}

// Too large for a double: infinity.
double number_of(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

// From the loosest to the tightest, as in C.
std::size_t precedence_of(Operator sign) {
  static constexpr std::array<std::size_t, kOperators.size()> kPrecedences = {0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6};
  return kPrecedences[static_cast<std::size_t>(sign)];
}

// Comments and line breaks as spaces, none twice.
std::string on_one_line(std::string_view source) {
  std::string text;
  bool quoted = false;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::string_view rest = source.substr(i);
    if (source[i] == '"') quoted = !quoted;
    const bool is_line_comment = !quoted && rest.starts_with("//"), is_comment = !quoted && rest.starts_with("/*");
    if (is_line_comment) i += std::min(rest.find('\n'), rest.size()) - 1;
    if (is_comment) i += rest.find("*/") + 1;
    const bool is_space = is_line_comment || is_comment ||
                          (!quoted && std::string_view(" \t\r\n\v\f").find(source[i]) != std::string_view::npos);
    if (!is_space) text += source[i];
    if (is_space && !text.empty() && text.back() != ' ') text += ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

class Builder {
 public:
  static Statement statement(const Tree& tree) {
    const Tree* value = tree.children.front().get();
    Statement made{.place = place_of(tree), .source = on_one_line(tree.string_view()), .variable = {}, .value = {}};
    if (value->is_type<grammar::Assignment>()) {
      made.variable = value->children.front()->string();
      value = value->children.back().get();
    }
    made.value = node(*value, 1);
    return made;
  }

 private:
  static Node node(const Tree& tree, std::size_t depth) {
    if (depth > kMaxDepth) {
      throw SyntaxError(place_of(tree).line, place_of(tree).column,
                        fmt::format("expressions are more than {} deep", kMaxDepth));
    }
    if (tree.is_type<grammar::Number>()) return leaf(Node::Kind::Number, tree);
    if (tree.is_type<grammar::Text>()) return leaf(Node::Kind::Text, tree);
    if (tree.is_type<grammar::Name>()) return leaf(Node::Kind::Symbol, tree);
    if (tree.is_type<grammar::Call>()) return call(tree, depth);
    if (tree.is_type<grammar::Postfix>()) return postfix(tree, depth);
    if (tree.is_type<grammar::Prefix>()) return prefix(tree, depth);
    if (tree.is_type<grammar::Conditional>()) return conditional(tree, 0, depth);
    return chain(tree.children, 0, depth);
  }

  static Node leaf(Node::Kind kind, const Tree& tree) {
    Node made{.kind = kind, .place = place_of(tree), .text = tree.string()};
    if (kind == Node::Kind::Number) made.number = number_of(made.text);
    if (kind == Node::Kind::Text) made.text = made.text.substr(1, made.text.size() - 2);
    return made;
  }

  static void add_arguments(Node& made, const Tree& arguments, std::size_t depth) {
    made.place = place_of(*arguments.children.front());
    for (std::size_t i = 1; i < arguments.children.size(); ++i) {
      made.terms.push_back(node(*arguments.children[i], depth + 1));
    }
  }

  static Node call(const Tree& tree, std::size_t depth) {
    Node made{.kind = Node::Kind::Call, .place = {}, .text = tree.children[0]->string()};
    add_arguments(made, *tree.children[1], depth);
    return made;
  }

  static Node postfix(const Tree& tree, std::size_t depth) {
    const std::size_t count = tree.children.size();
    Node made = node(*tree.children[0], depth + count);
    for (std::size_t i = 1; i < count; ++i) {
      const Tree& suffix = *tree.children[i];
      const Tree& name = *suffix.children[0];
      Node outer{.kind = Node::Kind::Member, .place = place_of(name), .text = name.string()};
      outer.terms.push_back(std::move(made));
      if (suffix.children.size() > 1) {
        outer.kind = Node::Kind::Method;
        add_arguments(outer, *suffix.children[1], depth);
      }
      made = std::move(outer);
    }
    return made;
  }

  static Node prefix(const Tree& tree, std::size_t depth) {
    Node made{.kind = Node::Kind::Prefix, .place = place_of(tree)};
    for (std::size_t i = 0; i + 1 < tree.children.size(); ++i) {
      made.links.push_back({sign_of(*tree.children[i]), place_of(*tree.children[i])});
    }
    made.terms.push_back(node(*tree.children.back(), depth + 1));
    return made;
  }

  // condition ? then : (condition ? then : … else)
  static Node conditional(const Tree& tree, std::size_t from, std::size_t depth) {
    if (from + 1 == tree.children.size()) return node(*tree.children[from], depth);
    if (depth > kMaxDepth) return node(tree, depth);
    Node made{.kind = Node::Kind::Conditional, .place = place_of(*tree.children[from + 1])};
    made.terms.push_back(node(*tree.children[from], depth + 1));
    made.terms.push_back(node(*tree.children[from + 2], depth + 1));
    made.terms.push_back(conditional(tree, from + 3, depth + 1));
    return made;
  }

  using Trees = std::span<const std::unique_ptr<Tree>>;

  // Operands with signs between them, of this precedence or one that binds more tightly.
  static Node chain(Trees trees, std::size_t precedence, std::size_t depth) {
    if (trees.size() == 1) return node(*trees[0], depth + 1);
    Node made{.kind = Node::Kind::Chain, .place = place_of(*trees[0])};
    std::size_t begin = 0;
    for (std::size_t i = 1; i < trees.size(); i += 2) {
      const Operator sign = sign_of(*trees[i]);
      if (precedence_of(sign) != precedence) continue;
      made.terms.push_back(chain(trees.subspan(begin, i - begin), precedence + 1, depth));
      made.links.push_back({sign, place_of(*trees[i])});
      begin = i + 1;
    }
    Node last = chain(trees.subspan(begin), precedence + 1, depth);
    if (made.links.empty()) return last;
    made.terms.push_back(std::move(last));
    return made;
  }
};

// --- Printing -------------------------------------------------------------------------------------------------------

std::string print(const Node& node) {
  if (node.kind == Node::Kind::Number) return fmt::format("{}", node.number);
  if (node.kind == Node::Kind::Text) return fmt::format("\"{}\"", node.text);
  if (node.kind == Node::Kind::Symbol) return node.text;
  if (node.kind == Node::Kind::Chain) {
    std::string text = print(node.terms[0]);
    for (std::size_t i = 0; i < node.links.size(); ++i) {
      text = fmt::format("({} {} {})", text_of(node.links[i].sign), text, print(node.terms[i + 1]));
    }
    return text;
  }
  if (node.kind == Node::Kind::Prefix) {
    std::string text = print(node.terms[0]);
    for (auto link = node.links.rbegin(); link != node.links.rend(); ++link) {
      text = fmt::format("({} {})", text_of(link->sign), text);
    }
    return text;
  }
  std::string text = "(" + (node.kind == Node::Kind::Conditional ? "?" : node.text);
  if (node.kind == Node::Kind::Method || node.kind == Node::Kind::Member) text.insert(1, ".");
  for (const Node& term : node.terms) text += " " + print(term);
  return text + ")";
}

}  // namespace

SyntaxError::SyntaxError(int at_line, int at_column, std::string what_is_wrong)
    : Error(errors::kAutoScalingFormulaSyntaxError,
            {{"Message", fmt::format("Line {}, Col {}: {}", at_line, at_column, what_is_wrong)}}),
      line(at_line),
      column(at_column),
      reason(std::move(what_is_wrong)) {}

namespace {

// With the character that was found instead, or that the text ends.
[[noreturn]] void refuse(std::string_view text, const tao::pegtl::position& position, std::string_view what) {
  const std::string_view rest = text.substr(std::min(position.byte, text.size()));
  std::size_t length = std::min<std::size_t>(rest.size(), 1);
  while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0U) == 0x80U) ++length;  // UTF-8
  const std::string found = rest.empty() ? ", but the formula ends" : fmt::format(", not '{}'", rest.substr(0, length));
  throw SyntaxError(place_of(position).line, place_of(position).column, fmt::format("{}{}", what, found));
}

}  // namespace

std::shared_ptr<const Formula> parse(std::string_view text) {
  if (text.size() > kMaxLength) {
    throw Error(errors::kAutoScalingFormulaTooLong,
                {{"Length", fmt::format("{}", text.size())}, {"MaximumLength", fmt::format("{}", kMaxLength)}});
  }
  namespace pegtl = tao::pegtl;
  pegtl::memory_input<> input(text.data(), text.size(), "");
  auto formula = std::make_shared<Formula>();
  try {
    grammar::Depth depth;
    const auto root =
        pegtl::parse_tree::parse<grammar::Whole, grammar::Selector, grammar::Action, grammar::Control>(input, depth);
    for (const auto& statement : root->children) {
      if (formula->statements.size() == kMaxStatements) {
        throw SyntaxError(place_of(*statement).line, place_of(*statement).column,
                          fmt::format("a formula has at most {} statements", kMaxStatements));
      }
      formula->statements.push_back(Builder::statement(*statement));
    }
  } catch (const pegtl::parse_error& error) {
    refuse(text, error.positions().front(), error.message());
  }
  return formula;
}

std::string to_text(const Formula& formula) {
  std::string text;
  for (const Statement& statement : formula.statements) {
    const std::string value = print(statement.value);
    text += statement.variable.empty() ? value : fmt::format("(= {} {})", statement.variable, value);
    text += '\n';
  }
  return text;
}

}  // namespace batchite::autoscale
