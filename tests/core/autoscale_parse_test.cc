// The autoscale language's grammar: what texts mean, what is refused and where.
#include <gtest/gtest.h>

#include "core/lang/autoscale/autoscale.h"

namespace batchite::autoscale {
namespace {

// The tree, or "LINE:COLUMN what is wrong".
std::string meaning(std::string_view text) {
  try {
    std::string tree = to_text(*parse(text));
    if (!tree.empty()) tree.pop_back();
    return tree;
  } catch (const SyntaxError& error) {
    EXPECT_EQ(error.status(), 400U);
    EXPECT_EQ(error.code(), "AutoScalingFormulaSyntaxError");
    const std::string place = std::to_string(error.line) + ":" + std::to_string(error.column);
    const std::string shown = "Line " + std::to_string(error.line) + ", Col " + std::to_string(error.column) + ": ";
    EXPECT_EQ(error.values(), (std::vector<ErrorValue>{{"Message", shown + error.reason}}));
    return place + " " + error.reason;
  }
}

struct Case {
  std::string_view text, expected;
};

TEST(AutoscaleGrammar, TextsMeanTheseTrees) {
  const Case cases[] = {
      {"x = 1", "(= x 1)"},
      {"$x=1;", "(= $x 1)"},
      {" x = 1 ; ; y=x ;\n", "(= x 1)\n(= y x)"},
      {"$something_useless", "$something_useless"},
      {"1 + 2 * 3", "(+ 1 (* 2 3))"},
      {"(1 + 2) * 3", "(* (+ 1 2) 3)"},
      {"1 - 2 - 3 + 4", "(+ (- (- 1 2) 3) 4)"},
      {"8 / 4 * 2", "(* (/ 8 4) 2)"},
      {"a || b && c == d < e + f * -g", "(|| a (&& b (== c (< d (+ e (* f (- g)))))))"},
      {"a * b + c < d == e && f || g", "(|| (&& (== (< (+ (* a b) c) d) e) f) g)"},
      {"a <= b != c >= d", "(!= (<= a b) (>= c d))"},
      {"!a == b", "(== (! a) b)"},
      {"- - ! -a", "(- (- (! (- a))))"},
      {"a - -b", "(- a (- b))"},
      {"a ? b : c ? d : e", "(? a b (? c d e))"},
      {"a ? b ? c : d : e", "(? a (? b c d) e)"},
      {"x = a || b ? c : d", "(= x (? (|| a b) c d))"},
      {"a == b", "(== a b)"},
      {"f()", "(f)"},
      {"f ( a , 1+2 )", "(f a (+ 1 2))"},
      {"time().weekday == 1", "(== (.weekday (time)) 1)"},
      {"$PendingTasks.GetSample(180 * TimeInterval_Second)", "(.GetSample $PendingTasks (* 180 TimeInterval_Second))"},
      {"$x . Count ( )", "(.Count $x)"},
      {"time(\"Wed, 13 Nov 2024; 21:23 // GMT\")", "(time \"Wed, 13 Nov 2024; 21:23 // GMT\")"},
      {"// first\nx = 1; // then\r\n/* all\n of */ y /**/ = // this\n 2", "(= x 1)\n(= y 2)"},
      {"8//4\n/2", "(/ 8 2)"},
      {"2*/**/3", "(* 2 3)"},
      {"0.5 + .5 + 5. + 1e3 + 2.5E-1", "(+ (+ (+ (+ 0.5 0.5) 5) 1000) 0.25)"},
      {"1e999", "inf"},
      {"timex = stopped(vecs)", "(= timex (stopped vecs))"},
  };
  for (const Case& one : cases) EXPECT_EQ(meaning(one.text), one.expected) << one.text;
}

TEST(AutoscaleGrammar, WhatIsNoFormulaIsRefusedWithItsPlace) {
  const Case cases[] = {
      {"", "1:1 a statement must stand here, such as $TargetDedicatedNodes = 1, but the formula ends"},
      {" // nothing", "1:12 a statement must stand here, such as $TargetDedicatedNodes = 1, but the formula ends"},
      {"x =", "1:4 an expression must follow, but the formula ends"},
      {"x = 1;\ny = 2 +;", "2:8 an expression must follow, not ';'"},
      {"x = 1\ny = 2", "2:1 an operator or ';' must follow, not 'y'"},
      {"x = 7 % 2", "1:7 an operator or ';' must follow, not '%'"},
      {"x = a & b", "1:7 an operator or ';' must follow, not '&'"},
      {"x = 'a'", "1:5 an expression must follow, not '''"},
      {"x = \"a", "1:7 the quote is not closed on its line, but the formula ends"},
      {"x = (1 + 2", "1:11 an operator or ')' must follow, but the formula ends"},
      {"x = ()", "1:6 an expression must stand in the parentheses, not ')'"},
      {"x = f(1,)", "1:9 an argument must stand here, not ')'"},
      {"x = f(,1)", "1:7 an argument must stand here, not ','"},
      {"x = f(1 2)", "1:9 an operator, ',' or ')' must follow, not '2'"},
      {"x = a ? b", "1:10 an operator or the ':' of '?' must follow, but the formula ends"},
      {"x = a ? : c", "1:9 an expression must follow, not ':'"},
      {"x = a.", "1:7 a name must follow '.', but the formula ends"},
      {"x = 5x", "1:5 an expression must follow, not '5'"},
      {"x = + 5", "1:5 an expression must follow, not '+'"},
      {"x = 1 /* never", "1:15 the comment is never closed, but the formula ends"},
      {"x = $", "1:5 an expression must follow, not '$'"},
      {"x = \xC3\xA4", "1:5 an expression must follow, not '\xC3\xA4'"},
      {"1 = x", "1:3 an operator or ';' must follow, not '='"},
      {"if (a) { x = 1 }", "1:8 an operator or ';' must follow, not '{'"},
  };
  for (const Case& one : cases) EXPECT_EQ(meaning(one.text), one.expected) << one.text;
}

TEST(AutoscaleGrammar, LengthAndStatementsHaveTheServicesLimits) {
  const std::string longest = "x=1;" + std::string(kMaxLength - 4, ' ');
  EXPECT_EQ(meaning(longest), "(= x 1)");
  try {
    parse(longest + " ");
    ADD_FAILURE() << "too long a formula is taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "AutoScalingFormulaTooLong");
  }
  std::string statements;
  for (std::size_t i = 0; i < kMaxStatements; ++i) statements += "x=1;";
  EXPECT_NE(meaning(statements), "");
  EXPECT_EQ(meaning(statements + "\ny=2"), "2:1 a formula has at most 100 statements");
}

TEST(AutoscaleGrammar, DepthIsBoundedAndLengthIsNotDepth) {
  const auto repeated = [](std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
  };
  const std::string too_deep = "expressions are more than 100 deep";
  for (const std::string_view opening : {"(", "f(", "a?", "-(", "x.f(", "a?b:c?"}) {
    const std::string text = repeated(opening, kMaxLength / opening.size());
    EXPECT_NE(meaning(text).find(too_deep), std::string::npos) << opening;
  }
  EXPECT_NE(meaning(repeated("a?b:", 2'000) + "c").find(too_deep), std::string::npos);
  EXPECT_NE(meaning("x" + repeated(".a", 4'000)).find(too_deep), std::string::npos);
  EXPECT_EQ(meaning(repeated("(", 90) + "1" + repeated(")", 90)), "1");
  EXPECT_EQ(meaning(repeated("!", 8'000) + "1").size(), 8'000U * 4 + 1);
  EXPECT_NE(meaning(repeated("1+", 4'000) + "1").find("(+ (+ 1 1) 1)"), std::string::npos);
  EXPECT_EQ(meaning("f(" + repeated("1,", 4'000) + "1)").substr(0, 7), "(f 1 1 ");
}

}  // namespace
}  // namespace batchite::autoscale
