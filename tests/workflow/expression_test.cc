#include "core/workflow/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Document& example() {
  static const Document document = read_fixture("templates/expressions.json");
  return document;
}

struct Outcome {
  Document value;
  std::vector<std::string> warnings, problems, missing;
};

Outcome evaluate(const std::string& text, bool lenient = false, const Document& source = example()) {
  Report report("t.json");
  ParameterValues values(source, Document::object(), [](const std::string& group, Access) { return "sas-" + group; });
  const Document variables = source.contains("variables") ? source["variables"] : Document(nullptr);
  Outcome outcome;
  outcome.value = Expander(variables, values, report, {.lenient_brackets = lenient}).expand(text, "job.id");
  for (const Warning& one : report.warnings()) outcome.warnings.push_back(one.text);
  for (const Warning& one : report.problems()) outcome.problems.push_back(to_text(one));
  for (const ParameterInfo& one : values.missing()) outcome.missing.push_back(one.name);
  return outcome;
}

TEST(Expression, GivesWhatAzuresOwnExpanderGives) {
  ASSERT_GT(example()["cases"].size(), 50U);
  for (const Document& one : example()["cases"]) {
    const std::string text = one["text"];
    const Outcome outcome = evaluate(text);
    EXPECT_EQ(outcome.value.dump(), one["result"].dump()) << text;
    EXPECT_THAT(outcome.problems, IsEmpty()) << text;
  }
}

TEST(Expression, ExpandsMemberNamesAndItemsOfLists) {
  Report report("t.json");
  ParameterValues values(example(), Document::object(), nullptr);
  const Document source = {{"[parameters('count')]", {"[variables('plain')]", 1, nullptr, {{"a", "[[x]"}}}}};
  const Document expected = {{"3", {"text", 1, nullptr, {{"a", "[x]"}}}}};
  EXPECT_EQ(Expander(example()["variables"], values, report, {}).expand(source, ""), expected);
}

// Where Azure's own tool crashes, or loses the type.
struct Better {
  const char* text;
  Document result;
};
const Better kBetter[] = {
    {"[]", ""},
    {"a [ b", "a [ b"},
    {"it's [ok", "it's [ok"},
    {"[it's]", "[it's]"},
    {"[variables('list')]", {1, "two words"}},
    {"[variables('real')]", 1.5},
    {"[ parameters('count') ]", 3},
    {"[variables(concat('pla', 'in'))]", "text"},
    {"[parameters(variables('which'))]", 3},
    {"[concat('a', parameters('count'), parameters('on'))]", "a3True"},
    {"[concat('say \"', 'x')]", "say \"x"},
    {"x [variables('short')]", "x [1,2]"},
};

TEST(Expression, DoesBetterWhereAzuresOwnExpanderFails) {
  Document source = example();
  source["variables"].update(
      {{"list", {1, "[parameters('name')]"}}, {"real", 1.5}, {"which", "count"}, {"short", {1, 2}}});
  for (const Better& one : kBetter) {
    const Outcome outcome = evaluate(one.text, false, source);
    EXPECT_EQ(outcome.value, one.result) << one.text;
    EXPECT_THAT(outcome.problems, IsEmpty()) << one.text;
  }
}

TEST(Expression, WarnsOfEveryBracketThatIsNoCallQuotingBothForms) {
  EXPECT_THAT(evaluate("[ -f x ] && y").warnings, ElementsAre(HasSubstr("\"[ -f x ]\" becomes \" -f x \"")));
  EXPECT_THAT(evaluate("grep [a-z] [0-9]").warnings, ElementsAre(HasSubstr("[a-z]"), HasSubstr("[0-9]")));
  EXPECT_THAT(evaluate("[[ -f x ]]").warnings, ElementsAre(HasSubstr("\"[[ -f x ]]\" becomes \"[ -f x ]]\"")));
  EXPECT_THAT(evaluate("[uniqueString('x')]").warnings,
              ElementsAre(HasSubstr("no call of parameters, variables or concat")));
  EXPECT_THAT(evaluate("[[parameters('name')]").warnings, IsEmpty());
  EXPECT_THAT(evaluate("[parameters('name')]").warnings, IsEmpty());
}

TEST(Expression, KeepsUnknownBracketsWhenLenient) {
  for (const char* text : {"[43]", "[ -f x ] && y", "if [[ -f x ]]; then", "grep [a-z]", "$1[0]", "[]"}) {
    const Outcome outcome = evaluate(text, true);
    EXPECT_EQ(outcome.value, text);
    EXPECT_THAT(outcome.warnings, IsEmpty()) << text;
  }
  EXPECT_EQ(evaluate("[[ -n '[parameters('count')]' ]]", true).value, "[[ -n '3' ]]");
  EXPECT_EQ(evaluate("[[parameters('count')]", true).value, "[parameters('count')]");
}

TEST(Expression, WarnsOfBlanksInsideTheBrackets) {
  EXPECT_THAT(evaluate("[ parameters('count') ]").warnings, ElementsAre(HasSubstr("blanks inside its brackets")));
}

TEST(Expression, WarnsOfACallThatADoubleQuoteKeepsAsText) {
  const Outcome outcome = evaluate("[concat(\"a\", parameters('count'))]");
  EXPECT_EQ(outcome.value, "[concat(\"a\", parameters('count'))]");
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("a double quote is inside its brackets")));
  EXPECT_THAT(evaluate("[ -f \"$x\" ]").warnings, IsEmpty());
}

TEST(Expression, WarnsOfAVariableWhoseTextOnlyHoldsAnExpression) {
  EXPECT_THAT(evaluate("[variables('embedded')]").warnings, ElementsAre(HasSubstr("make it one concat")));
  EXPECT_THAT(evaluate("[variables('plain')]").warnings, IsEmpty());
}

struct Refusal {
  const char* text;
  const char* problem;
};
const Refusal kRefusals[] = {
    {"[parameters('nme')]", "defines no parameter 'nme'; did you mean 'name'?"},
    {"[variables('plan')]", "defines no variable 'plan'; did you mean 'plain'?"},
    {"[parameters('name'", "unbalanced"},
    {"[parameters('name']", "unbalanced"},
    {"[reference('x')]", "reference(...) is not supported"},
    {"[concat('a',,'b')]", "empty argument"},
    {"[concat('a', variables('sizes'))]", "is no text or number"},
    {"[parameters(name)]", "a name in single quotes, or a call"},
    {"[variables('sizes').large.vn]", "has no member 'vn'; did you mean 'vm'?"},
    {"[parameters('image').disks[2]]", "has 2 items; there is no [2]"},
    {"[parameters('name').x]", "has no member 'x'"},
    {"[parameters('name') == 'x']", "cannot read \"== 'x'\""},
};

TEST(Expression, RefusesByNamingFilePathAndCause) {
  for (const Refusal& one : kRefusals) {
    const Outcome outcome = evaluate(one.text);
    ASSERT_EQ(outcome.problems.size(), 1U) << one.text;
    EXPECT_THAT(outcome.problems[0], testing::StartsWith("t.json: job.id: "));
    EXPECT_THAT(outcome.problems[0], HasSubstr(one.problem)) << one.text;
    EXPECT_EQ(outcome.value, one.text);
  }
}

TEST(Expression, RefusesVariablesThatMentionThemselves) {
  const Document source = {{"variables",
                            {{"a", "[variables('b')]"},
                             {"b", {{"c", "[variables('a')]"}}},
                             {"d", {{"x", "[variables('d').y]"}, {"y", 1}}}}}};
  EXPECT_THAT(evaluate("[variables('a')]", false, source).problems, ElementsAre(HasSubstr("mentions itself")));
  EXPECT_EQ(evaluate("[variables('d')]", false, source).value, (Document{{"x", 1}, {"y", 1}}));
}

TEST(Expression, NotesEveryMissingParameterAndGoesOn) {
  const Document source = {
      {"parameters", {{"a", {{"type", "string"}}}, {"b", {{"type", "int"}}}, {"c", {{"type", "int"}}}}}};
  EXPECT_THAT(evaluate("[parameters('b')]-[parameters('a')]", false, source).missing, ElementsAre("b"));
  EXPECT_THAT(evaluate("[concat('x', parameters('a'))]", false, source).missing, ElementsAre("a"));
}

}  // namespace
}  // namespace batchite::workflow
