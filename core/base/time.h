// Instants and durations as the Batch and Storage services write them.
// Both count 100-nanosecond ticks, the resolution of every time on the wire. Pure; any thread.
// Sources: learn.microsoft.com/rest/api/batchservice/date-time-formatting-in-batch-requests; .NET's DateTime and
// TimeSpan.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchite {

using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
using Time = std::chrono::sys_time<Ticks>;  // UTC; the epoch is 1970, as everywhere in C++
inline constexpr Time kNever{};             // "has not happened": no resource is as old as 1970

// The service's "no limit": .NET's largest TimeSpan, P10675199DT2H48M5.4775807S.
inline constexpr Ticks kUnlimited = Ticks::max();

// now + duration, staying at Time::max() instead of overflowing (kUnlimited is an ordinary argument).
Time after(Time now, Ticks duration);

// "2023-03-14T20:33:31.278798Z": up to seven fractional digits, trailing zeros cut.
std::string iso8601(Time time);
// The same with all seven digits, as in error messages and snapshot names.
std::string iso8601_full(Time time);
// YYYY-MM-DD, YYYY-MM-DDThh:mmZ, …:ssZ, with fraction, with Z or ±hh:mm. nullopt for anything else.
std::optional<Time> parse_iso8601(std::string_view text);

// "Sat, 21 Mar 2020 02:12:16 GMT". RFC 1123 and RFC 850 are read.
std::string http_date(Time time);
std::optional<Time> parse_http_date(std::string_view text);

// "PT6M", "P1DT2H", "P10675199DT2H48M5.4775807S"; a year is 365 days, a month 30, as the service normalises them.
std::string iso8601_duration(Ticks duration);
std::optional<Ticks> parse_duration(std::string_view text);

// "0x8DA9061E1BED87D": .NET ticks in upper-case hexadecimal, without quotes (Batch style; Storage adds them).
std::string etag(Time modified);

}  // namespace batchite
