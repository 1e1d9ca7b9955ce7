// The $filter language: what it means (fixtures/odata.cases), what it lets through, what it refuses.
#include "core/lang/odata.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/error.h"

namespace batchite {
namespace {

const contract::Operation& operation(std::string_view id) {
  const contract::Operation* found = contract::find_operation(id);
  if (!found) throw std::logic_error("no operation " + std::string(id));
  return *found;
}

// The tree, or "error COLUMN: what is wrong".
std::string meaning(std::string_view id, std::string_view text) {
  try {
    return Filter::parse(text, operation(id)).to_text();
  } catch (const Error& error) {
    const auto& values = error.values();
    EXPECT_EQ(error.status(), 400U);
    EXPECT_EQ(error.code(), "InvalidQueryParameterValue");
    EXPECT_EQ(values.at(0), (ErrorValue{"QueryParameterName", "$filter"}));
    EXPECT_EQ(values.at(1), (ErrorValue{"QueryParameterValue", std::string(text)}));
    EXPECT_EQ(values.at(2).key, "Reason");
    const std::string& reason = values.at(2).value;
    EXPECT_TRUE(reason.starts_with("Column ")) << reason;
    return "error " + reason.substr(7);
  }
}

TEST(Filter, MeansWhatTheCasesSay) {
  std::ifstream cases(BATCHITE_FIXTURES "/odata.cases");
  std::vector<std::string> group;
  int checked = 0;
  for (std::string line; std::getline(cases, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    group.push_back(line);
    if (group.size() < 3) continue;
    EXPECT_EQ(meaning(group[0], group[1]), group[2]) << group[0] << ": " << group[1];
    group.clear();
    ++checked;
  }
  EXPECT_TRUE(group.empty()) << "half a case at the end";
  EXPECT_GT(checked, 40);
}

TEST(Filter, ParenthesesNestToALimitAndNoTextOverflowsTheStack) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + "id eq 'a'" + std::string(depth, ')'); };
  EXPECT_EQ(meaning("Task_List", nested(50)), "(eq id 'a')");
  EXPECT_EQ(meaning("Task_List", nested(51)), "error 51: parentheses are more than 50 deep");
  EXPECT_EQ(meaning("Task_List", nested(1'000'000)), "error 51: parentheses are more than 50 deep");
  EXPECT_EQ(meaning("Task_List", "id eq '" + std::string(60, '(') + "'"), "(eq id '" + std::string(60, '(') + "')");
  std::string many_nots;
  std::string many_ors = "id eq 'a'";
  for (int i = 0; i < 20'000; ++i) {
    many_nots += "not ";
    many_ors += " or id eq 'a'";
  }
  EXPECT_EQ(meaning("Task_List", many_nots + "id eq 'a'"), "(eq id 'a')");
  EXPECT_TRUE(Filter::parse(many_ors, operation("Task_List")).matches({{"id", "a"}}));
}

struct Match {
  std::string_view filter;
  bool expected;
};

TEST(Filter, LetsThroughTheTasksForWhichItHolds) {
  const Document task = {{"id", "Task-5"},
                         {"state", "completed"},
                         {"creationTime", "2024-01-31T12:00:00.5Z"},
                         {"lastModified", "2024-02-01T00:00:00Z"},
                         {"executionInfo", {{"exitCode", 3}, {"result", "failure"}, {"endTime", nullptr}}}};
  const Match matches[] = {
      {"id eq 'task-5'", true},
      {"id eq 'task-50'", false},
      {"id eq 'task'", false},
      {"id gt 'TASK-4' and id lt 'task-6'", true},
      {"id ge 'task-5' and id le 'task-5'", true},
      {"id gt 'task-5' or id lt 'task-5'", false},
      {"startswith(id,'TASK')", true},
      {"startswith(id,'')", true},
      {"startswith(id,'task-55')", false},
      {"startswith(id,'ask')", false},
      {"state eq 'Completed'", true},
      {"state ne 'completed'", false},
      {"not state eq 'active'", true},
      {"executionInfo/exitCode eq 3", true},
      {"executionInfo/exitCode gt 3", false},
      {"executionInfo/exitCode ne 0", true},
      {"executionInfo/exitCode lt -1", false},
      {"executionInfo/result eq 'Failure'", true},
      {"creationTime eq '2024-01-31T12:00:00.5000000Z'", true},
      {"creationTime gt DateTime'2024-01-31T12:00:00Z'", true},
      {"creationTime lt DateTime'2024-01-31T13:00:00+02:00'", false},
      {"lastModifiedTime ge DateTime'2024-02-01'", true},
      {"lastModified lt DateTime'2024-02-01'", false},
      {"state eq 'active' or id eq 'x' or executionInfo/exitCode eq 3", true},
      {"state eq 'completed' and id eq 'x'", false},
      {"state eq 'active' and id eq 'x' or startswith(id,'t')", true},
      {"state eq 'active' and (id eq 'x' or startswith(id,'t'))", false},
  };
  for (const auto& [filter, expected] : matches) {
    EXPECT_EQ(Filter::parse(filter, operation("Task_List")).matches(task), expected) << filter;
  }
}

TEST(Filter, HoldsForAnAbsentMemberOnlyWhenItAsksForADifference) {
  const Document task = {{"id", "t"}, {"executionInfo", {{"endTime", nullptr}}}};
  const Match matches[] = {
      {"executionInfo/exitCode eq 0", false},
      {"executionInfo/exitCode ge 0", false},
      {"executionInfo/exitCode lt 0", false},
      {"executionInfo/exitCode ne 0", true},
      {"executionInfo/endTime lt '2099-01-01'", false},
      {"executionInfo/endTime ne '2099-01-01'", true},
      {"state eq ''", false},
      {"state ne 'active'", true},
      {"not executionInfo/exitCode eq 0", true},
  };
  for (const auto& [filter, expected] : matches) {
    EXPECT_EQ(Filter::parse(filter, operation("Task_List")).matches(task), expected) << filter;
  }
}

TEST(Filter, TellsNamesOfFilesApartByCase) {
  const Filter filter = Filter::parse("startswith(name,'wd/')", operation("File_ListFromTask"));
  EXPECT_TRUE(filter.matches({{"name", "wd/a.txt"}}));
  EXPECT_FALSE(filter.matches({{"name", "WD/a.txt"}}));
  EXPECT_FALSE(filter.matches({{"name", "wd"}}));
}

TEST(Filter, RulesOutWhatCannotMatchWhateverElseItHas) {
  const Filter::Known known[] = {{"id", "T1"}, {"state", "running"}};
  const Match ruled_out[] = {
      {"state eq 'active'", true},
      {"state eq 'Running'", false},
      {"state ne 'running'", true},
      {"not state eq 'running'", true},
      {"startswith(id,'t')", false},
      {"startswith(id,'x')", true},
      {"executionInfo/exitCode eq 0", false},
      {"not executionInfo/exitCode eq 0", false},
      {"state eq 'active' and executionInfo/exitCode eq 0", true},
      {"executionInfo/exitCode eq 0 and state eq 'active'", true},
      {"state eq 'active' or executionInfo/exitCode eq 0", false},
      {"(state eq 'active' or state eq 'completed') and id eq 't1'", true},
      {"(state eq 'active' or state eq 'running') and id eq 't1'", false},
      {"creationTime gt '2024-01-01'", false},
  };
  for (const auto& [filter, expected] : ruled_out) {
    EXPECT_EQ(Filter::parse(filter, operation("Task_List")).rules_out(known), expected) << filter;
  }
}

}  // namespace
}  // namespace batchite
