// The tree of a formula, between parse.cc and evaluate.cc. No chain of operators is deeper than its parts, so the depth
// is that of the text's nesting and stays below kMaxDepth.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/lang/autoscale/autoscale.h"

namespace batchite::autoscale {

enum class Operator : std::uint8_t {
  Or,
  And,
  Equal,
  Unequal,
  LessEqual,
  GreaterEqual,
  Less,
  Greater,
  Add,
  Subtract,
  Multiply,
  Divide,
  Not
};
inline constexpr std::array<std::string_view, 13> kOperators = {"||", "&&", "==", "!=", "<=", ">=", "<",
                                                                ">",  "+",  "-",  "*",  "/",  "!"};
constexpr std::string_view text_of(Operator one) { return kOperators[static_cast<std::size_t>(one)]; }

struct Place {
  int line = 1, column = 1;
};

struct Link {
  Operator sign;
  Place place;
};

struct Node {
  enum class Kind : std::uint8_t {
    Number,       // number
    Text,         // text
    Symbol,       // text: its name
    Prefix,       // links before terms[0], the outermost first
    Chain,        // terms[0] links[0] terms[1] links[1] terms[2] …, all of one precedence, from the left
    Conditional,  // terms[0] ? terms[1] : terms[2]
    Call,         // text(terms…)
    Method,       // terms[0].text(terms[1], …)
    Member        // terms[0].text
  };
  Kind kind = Kind::Number;
  Place place = {};  // where an error of it is: the symbol, the sign, the parenthesis that opens a call's arguments
  double number = 0;
  std::string text = {};
  std::vector<Link> links = {};
  std::vector<Node> terms = {};
};

struct Statement {
  Place place;
  std::string source;    // as in Step
  std::string variable;  // empty: the value goes nowhere
  Node value;
};

class Formula {
 public:
  std::vector<Statement> statements;
};

}  // namespace batchite::autoscale
