#include "emulator/batch/versions.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace batchite::batch {
namespace {

class VersionsTest : public ::testing::Test {
 protected:
  // The version's number, or the error's status, code and last value.
  std::string read(Versions& versions, const Parameters& query) {
    try {
      return std::to_string(versions.of(query).date);
    } catch (const Error& error) {
      return std::to_string(error.status()) + " " + error.code() + ": " + error.values().back().value;
    }
  }
  std::string read(Versions& versions, const std::string& text) {
    return read(versions, Parameters{{"api-version", text}});
  }

  std::vector<std::string> warnings;
  const Versions::Warn warn = [this](const std::string& text) { warnings.push_back(text); };
  Versions lenient{false, warn};
  Versions strict{true, warn};
};

TEST_F(VersionsTest, ServesEveryPublishedVersionFrom2018OnInBothModesWithoutAWord) {
  for (const char* text :
       {"2018-03-01.6.1", "2018-08-01.7.0", "2018-12-01.8.0", "2019-06-01.9.0", "2019-08-01.10.0", "2020-03-01.11.0",
        "2020-09-01.12.0", "2021-06-01.14.0", "2022-01-01.15.0", "2022-10-01.16.0", "2023-05-01.17.0",
        "2023-11-01.18.0", "2024-02-01.19.0", "2024-07-01.20.0", "2025-06-01"}) {
    std::string date(text, 10);
    std::erase(date, '-');
    EXPECT_EQ(read(lenient, text), date);
    EXPECT_EQ(read(strict, text), date);
  }
  EXPECT_TRUE(warnings.empty());
}

TEST_F(VersionsTest, ReadsTheParametersNameWithoutRegardToCase) {
  EXPECT_EQ(read(lenient, Parameters{{"timeout", "30"}, {"API-Version", "2025-06-01"}}), "20250601");
}

TEST_F(VersionsTest, MissesAVersionThatIsNotThereOrEmpty) {
  for (const Parameters& query : {Parameters{}, Parameters{{"timeout", "30"}}, Parameters{{"api-version", ""}}}) {
    EXPECT_EQ(read(lenient, query), "400 MissingRequiredQueryParameter: api-version");
  }
}

TEST_F(VersionsTest, RefusesWhatIsNoVersion) {
  for (const char* text : {"latest", "2024", "2024-07", "2024-07-01.", "2024-07-01.20", "20240701",
                           "2024-07-01-preview", " 2024-07-01.20.0", "2024-07-01.20.0 "}) {
    EXPECT_EQ(read(lenient, text),
              "400 InvalidQueryParameterValue: An api-version looks like 2024-02-01.19.0, or 2025-06-01");
  }
}

TEST_F(VersionsTest, RefusesVersionsBefore2018) {
  for (const char* text : {"2017-12-31.5.9", "2016-07-01.3.1", "2015-12-01.2.2", "0000-00-00"}) {
    EXPECT_EQ(read(lenient, text), "400 UnsupportedRequestVersion: Versions before 2018 are not served") << text;
  }
}

TEST_F(VersionsTest, ServesVersionsThatItDoesNotKnowWithOneWarningEach) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read(lenient, "2030-01-01"), "20300101");
  EXPECT_EQ(warnings,
            std::vector<std::string>{"api-version 2030-01-01 is not known here; it is served as the nearest that is"});
  EXPECT_EQ(read(lenient, "2024-07-01.21.0"), "20240701");
  EXPECT_EQ(warnings.size(), 2U);
}

TEST_F(VersionsTest, DoesNotRememberWarningsWithoutEnd) {
  for (int year = 3000; year < 3200; ++year) read(lenient, std::to_string(year) + "-01-01");
  EXPECT_EQ(warnings.size(), 100U);
}

TEST_F(VersionsTest, RefusesVersionsThatItDoesNotKnowWhenStrict) {
  for (const char* text : {"2030-01-01", "2024-07-01.21.0", "2024-07-01", "2025-06-01.21.0"}) {
    EXPECT_EQ(read(strict, text),
              "400 UnsupportedRequestVersion: " + std::string(text) + " is not known; the newest known is 2025-06-01");
  }
  EXPECT_TRUE(warnings.empty());
}

}  // namespace
}  // namespace batchite::batch
