#include "core/workflow/parameters.h"

#include "tests/workflow/template_fixture.h"

namespace batchite::workflow {
namespace {

using testing::HasSubstr;

// The value as JSON, or the refusal.
std::string checked(const Document& definition, const Document& value) {
  try {
    return check_value(describe_parameters({{"parameters", {{"p", definition}}}}).at(0), value).dump();
  } catch (const ExpressionError& error) {
    return error.text;
  }
}

struct Case {
  Document definition;
  Document value;
  std::string result;  // JSON, or part of the refusal
};

const Document kInt = {{"type", "int"}};
const Document kBool = {{"type", "bool"}};
const Document kString = {{"type", "string"}};

TEST(Parameters, ConvertValuesToTheirType) {
  const Case cases[] = {
      {kInt, 3, "3"},
      {kInt, "3", "3"},
      {kInt, "-2", "-2"},
      {kBool, true, "true"},
      {kBool, "TRUE", "true"},
      {kBool, "False", "false"},
      {kBool, 0, "false"},
      {kBool, 1, "true"},
      {kString, "x", "\"x\""},
      {kString, "", "\"\""},
      {kString, 3, "\"3\""},
      {kString, 1.5, "\"1.5\""},
      {kString, true, "\"True\""},
      {{{"type", "object"}}, {{"a", 1}}, "{\"a\":1}"},
      {{{"type", "int"}, {"minValue", 2}, {"maxValue", "4"}}, 4, "4"},
      {{{"type", "int"}, {"allowedValues", {"1", 2}}}, 1, "1"},
      {{{"type", "string"}, {"minLength", 2}, {"maxLength", 2}}, "éé", "\"éé\""},
  };
  for (const Case& one : cases) EXPECT_EQ(checked(one.definition, one.value), one.result) << one.value;
}

TEST(Parameters, RefuseValuesNamingParameterValueAndWhatIsAllowed) {
  const Case cases[] = {
      {kInt, "007", "parameter 'p': the value \"007\" is not an int"},
      {kInt, 3.0, "3.0 is not an int"},
      {kInt, true, "true is not an int"},
      {kInt, "", "\"\" is not an int"},
      {kBool, "yes", "\"yes\" is not a bool; give true or false"},
      {kBool, 2, "2 is not a bool"},
      {kString, {{"a", 1}}, "is not a string"},
      {{{"type", "int"}, {"minValue", 2}}, 1, "1 is below minValue 2"},
      {{{"type", "int"}, {"maxValue", 2}}, 3, "3 is above maxValue 2"},
      {{{"type", "string"}, {"minLength", 2}}, "é", "is 1 characters long, shorter than minLength 2"},
      {{{"type", "string"}, {"maxLength", 2}}, "abc", "longer than maxLength 2"},
      {{{"type", "string"}, {"allowedValues", {"spot", "dedicated"}}},
       "Spot",
       "is not among allowedValues [\"spot\",\"dedicated\"]"},
      {{{"type", "array"}}, "x", "has the type 'array'; there are int, string, bool and object"},
      {Document::object(), "x", "states no type"},
  };
  for (const Case& one : cases) EXPECT_THAT(checked(one.definition, one.value), HasSubstr(one.result));
}

TEST(Parameters, AreReadFromAllFormsOfFiles) {
  const Document expected = {{"a", 1}, {"b", "x"}, {"c", {{"k", 2}}}};
  EXPECT_EQ(read_parameters({{"a", 1}, {"b", {{"value", "x"}}}, {"c", {{"k", 2}}}}, "p.json"), expected);
  EXPECT_EQ(read_parameters({{"$schema", "s"},
                             {"contentVersion", "1.0.0.0"},
                             {"parameters", {{"a", {{"value", 1}}}, {"b", "x"}, {"c", {{"k", 2}}}}}},
                            "p.json"),
            expected);
  EXPECT_EQ(read_parameters({{"parameters", expected}}, "p.json"), expected);
  EXPECT_EQ(read_parameters({{"parameters", {{"value", 1}}}}, "p.json"), (Document{{"parameters", 1}}));
  EXPECT_EQ(read_parameters({{"a", nullptr}, {"b", {{"value", nullptr}}}}, "p.json"), Document::object());
  EXPECT_EQ(read_parameters({{"a", {{"value", false}}}}, "p.json"), (Document{{"a", false}}));
  EXPECT_THROW(read_parameters(Document::array(), "p.json"), UsageError);
}

TEST(Parameters, AreDescribedInTheOrderOfTheTemplate) {
  const Document source = {
      {"parameters",
       {{"z", {{"type", "string"}, {"metadata", {{"description", "the clips"}, {"advancedType", "file-group"}}}}},
        {"a", {{"type", "int"}, {"defaultValue", 2}, {"minValue", 1}, {"maxValue", 3}}},
        {"s", {{"type", "string"}, {"metadata", {{"advancedType", "file-group-sas"}, {"dependsOn", "z"}}}}}}}};
  const auto infos = describe_parameters(source);
  ASSERT_EQ(infos.size(), 3U);
  EXPECT_EQ(infos[0].name, "z");
  EXPECT_EQ(infos[0].description, "the clips");
  EXPECT_EQ(infos[0].advanced_type, "file-group");
  EXPECT_EQ(infos[1].default_value, Document(2));
  EXPECT_EQ(infos[1].min_value, 1);
  EXPECT_EQ(infos[1].max_value, 3);
  EXPECT_TRUE(infos[2].is_signed_for_you());
  EXPECT_EQ(infos[2].depends_on, "z");
  EXPECT_TRUE(describe_parameters(Document::object()).empty());
}

Document needs_three() {
  return {{"parameters",
           {{"clips", {{"type", "string"}, {"metadata", {{"description", "file group with the inputs"}}}}},
            {"height", {{"type", "int"}}},
            {"unused", {{"type", "int"}}},
            {"tier", {{"type", "string"}, {"allowedValues", {"spot", "dedicated"}}}}}},
          {"job",
           {{"id", "[parameters('clips')]"},
            {"displayName", "[parameters('height')]p"},
            {"poolInfo", {{"poolId", "[parameters('tier')]"}}}}}};
}

TEST(Parameters, ThatAreMissingAreListedAllAtOnce) {
  const std::string text = refusal(request_for(needs_three()));
  EXPECT_EQ(text,
            "job.json: 3 parameters are without a value; give them in a parameter file or on the command line:\n"
            "  clips (string): file group with the inputs\n"
            "  height (int)\n"
            "  tier (string) - one of [\"spot\",\"dedicated\"]");
  const auto missing = missing_parameters(request_for(needs_three(), {{"height", 3}}));
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[1].name, "tier");
}

TEST(Parameters, AreCheckedWhenUsedAndOnlyThen) {
  Document source = needs_three();
  Document values = {{"clips", "c"}, {"height", 1}, {"tier", "spot"}, {"unused", "not a number"}};
  EXPECT_EQ(refusal(request_for(source, values)), "");
  values["height"] = "tall";
  EXPECT_THAT(refusal(request_for(source, values)),
              HasSubstr("job.json: job.displayName: parameter 'height': the value \"tall\" is not an int"));
}

TEST(Parameters, UnknownToTheTemplateAreReportedAndRefusedWhenStrict) {
  Request request = request_for(needs_three(), {{"clips", "c"}, {"height", 1}, {"tier", "spot"}, {"heigth", 2}});
  EXPECT_THAT(texts(expanded(request).warnings),
              testing::ElementsAre(HasSubstr("'heigth' that was given; did you mean 'height'?")));
  request.options.strict = true;
  EXPECT_THAT(refusal(request), HasSubstr("heigth"));
}

Document signed_template(const char* kind) {
  return {{"parameters",
           {{"clips", {{"type", "string"}, {"defaultValue", "Clips"}, {"metadata", {{"advancedType", "file-group"}}}}},
            {"sas", {{"type", "string"}, {"metadata", {{"advancedType", kind}, {"dependsOn", "clips"}}}}}}},
          {"job",
           {{"id", "j"},
            {"poolInfo", {{"poolId", "p"}}},
            {"metadata", {{{"name", "sas"}, {"value", "[parameters('sas')]"}}}}}}};
}

TEST(Parameters, OfTheSasKindsGetASignatureForTheirGroup) {
  const Plan reads = expanded(request_for(signed_template("file-group-sas")));
  EXPECT_EQ((*reads.job)["metadata"][0]["value"], "https://store.test/fgrp-clips?sig=pretended-read-list");
  EXPECT_EQ(reads.file_groups.read, (std::vector<FileGroup>{{"clips", "Clips", "fgrp-clips"}}));

  PretendedStorage storage = account();
  const Plan writes = expand(request_for(signed_template("file-group-write-sas")), storage);
  EXPECT_EQ((*writes.job)["metadata"][0]["value"], "https://store.test/fgrp-clips?sig=pretended-write");
  EXPECT_EQ(writes.file_groups.written, (std::vector<FileGroup>{{"clips", "Clips", "fgrp-clips"}}));
  EXPECT_THAT(storage.made(), testing::ElementsAre("fgrp-clips"));

  const Plan given = expanded(request_for(signed_template("file-group-sas"), {{"sas", "https://mine?sig=1"}}));
  EXPECT_EQ((*given.job)["metadata"][0]["value"], "https://mine?sig=1");
}

}  // namespace
}  // namespace batchite::workflow
