#include "core/base/time.h"

namespace batchite {
namespace {

constexpr std::int64_t kDotNetEpoch = 621'355'968'000'000'000;

Time dot_net(std::int64_t ticks) { return Time(Ticks(ticks - kDotNetEpoch)); }

TEST(Time, WritesInstantsWithTheZerosAtTheEndCut) {
  const struct {
    std::int64_t ticks;
    std::string_view text, full;
  } cases[] = {
      {637981047299954813, "2022-09-06T23:45:29.9954813Z", "2022-09-06T23:45:29.9954813Z"},
      {638144228112787980, "2023-03-14T20:33:31.278798Z", "2023-03-14T20:33:31.2787980Z"},
      {kDotNetEpoch, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.0000000Z"},
      {kDotNetEpoch - 1, "1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.9999999Z"},
      {kDotNetEpoch + 1, "1970-01-01T00:00:00.0000001Z", "1970-01-01T00:00:00.0000001Z"},
      {0, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z"},
      {3155378975999999999, "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(iso8601(dot_net(c.ticks)), c.text);
    EXPECT_EQ(iso8601_full(dot_net(c.ticks)), c.full);
    EXPECT_EQ(parse_iso8601(c.text), dot_net(c.ticks)) << c.text;
    EXPECT_EQ(parse_iso8601(c.full), dot_net(c.ticks)) << c.full;
  }
}

TEST(Time, ReadsTheFormsThatClientsSend) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"2024-02-29", "2024-02-29T00:00:00Z"},
      {"2024-03-05T10:00Z", "2024-03-05T10:00:00Z"},
      {"2024-03-05T10:00:07Z", "2024-03-05T10:00:07Z"},
      {"2024-03-05T10:00:07.5Z", "2024-03-05T10:00:07.5Z"},
      {"2024-03-05T10:00:07.123456789Z", "2024-03-05T10:00:07.1234567Z"},
      {"2024-03-05T10:00:00+02:00", "2024-03-05T08:00:00Z"},
      {"2024-03-05T22:00-05:30", "2024-03-06T03:30:00Z"},
  };
  for (const auto& [text, normal] : cases) {
    const auto time = parse_iso8601(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(iso8601(*time), normal);
  }
}

TEST(Time, RefusesWhatIsNoInstant) {
  for (const std::string_view text :
       {"", "2024", "2024-3-5", "2024-13-01", "2023-02-29", "2024-03-05T", "2024-03-05T10Z", "2024-03-05T10:00",
        "2024-03-05T24:00Z", "2024-03-05T10:60Z", "2024-03-05T10:00:60Z", "2024-03-05T10:00:00.Z", "2024-03-05 10:00Z",
        "2024-03-05T10:00:00Zx", "2024-03-05T10:00:00+2:00", "0000-01-01", "tomorrow"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(Time, WritesAndReadsHttpDates) {
  const Time time = *parse_iso8601("2020-03-21T02:12:16Z");
  EXPECT_EQ(http_date(time), "Sat, 21 Mar 2020 02:12:16 GMT");
  EXPECT_EQ(http_date(time + Ticks(9'999'999)), "Sat, 21 Mar 2020 02:12:16 GMT");
  for (const std::string_view text : {"Sat, 21 Mar 2020 02:12:16 GMT", "Saturday, 21-Mar-20 02:12:16 GMT"}) {
    EXPECT_EQ(parse_http_date(text), time) << text;
  }
  EXPECT_EQ(parse_http_date("Sun, 6 Nov 1994 08:49:37 GMT"), parse_iso8601("1994-11-06T08:49:37Z"));
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), parse_iso8601("1994-11-06T08:49:37Z"));
  for (const std::string_view text :
       {"", "Sat, 21 Mar 2020 02:12:16", "Sat, 21 Mar 2020 02:12 GMT", "Sat, 31 Feb 2020 02:12:16 GMT",
        "Sat 21 Mar 2020 02:12:16 GMT", "Sat, 21 Foo 2020 02:12:16 GMT", "Sat, 21 Mar 20 02:12:16 GMT",
        "Sat, 21 Mar 2020 02:12:16 GMT ", "2020-03-21T02:12:16Z"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(Time, PutsDurationsIntoTheServicesNormalForm) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"PT06M00S", "PT6M"},
      {"PT01H00M00S", "PT1H"},
      {"PT10H00M00S", "PT10H"},
      {"P1DT00H00M00S", "P1D"},
      {"P1D", "P1D"},
      {"P7D", "P7D"},
      {"PT168H", "P7D"},
      {"PT90S", "PT1M30S"},
      {"PT1.5S", "PT1.5S"},
      {"PT0.0000001S", "PT0.0000001S"},
      {"PT0.00000001S", "PT0S"},
      {"PT0S", "PT0S"},
      {"P0D", "PT0S"},
      {"P1Y", "P365D"},
      {"P2M", "P60D"},
      {"P3Y6M4DT12H30M5S", "P1279DT12H30M5S"},
      {"-PT5M", "-PT5M"},
      {"P10675199DT2H48M5.4775807S", "P10675199DT2H48M5.4775807S"},
  };
  for (const auto& [text, normal] : cases) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(iso8601_duration(*duration), normal);
  }
  EXPECT_EQ(iso8601_duration(Ticks::min()), "-P10675199DT2H48M5.4775808S");
}

TEST(Time, RefusesWhatIsNoDuration) {
  for (const std::string_view text : {"",
                                      "P",
                                      "PT",
                                      "P1DT",
                                      "5M",
                                      "PT5",
                                      "P5",
                                      "PT1.5H",
                                      "P1.5D",
                                      "PT5M3H",
                                      "P1D2Y",
                                      "PT1M1M",
                                      "PT1.S",
                                      "PT-5M",
                                      "P1W",
                                      "pt5m",
                                      "PT5M ",
                                      "P10675199DT2H48M5.4775808S",
                                      "P99999999999999999999D",
                                      "00:05:00"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Time, NoLimitIsTheLargestTimeSpan) {
  EXPECT_EQ(iso8601_duration(kUnlimited), "P10675199DT2H48M5.4775807S");
  EXPECT_EQ(parse_duration("P10675199DT2H48M5.4775807S"), kUnlimited);
}

TEST(Time, AddingADurationStaysInRange) {
  const Time now = *parse_iso8601("2024-03-05T10:00:00Z");
  EXPECT_EQ(after(now, std::chrono::minutes(5)), *parse_iso8601("2024-03-05T10:05:00Z"));
  EXPECT_EQ(after(now, kUnlimited), Time::max());
  EXPECT_EQ(after(Time::min(), Ticks(-1)), Time::min());
}

TEST(Time, AnEtagIsTheTickCountInHexadecimal) {
  EXPECT_EQ(etag(dot_net(637981047299954813)), "0x8DA9061E1BED87D");
  EXPECT_EQ(etag(*parse_iso8601("2022-09-06T23:45:29.9954813Z")), "0x8DA9061E1BED87D");
}

}  // namespace
}  // namespace batchite
