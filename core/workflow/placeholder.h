// Placeholders of task factories: {0}, {1:3} in a parametric sweep; {url}, {filePath}, {fileName},
// {fileNameWithoutExtension} in a task per file. Pure; any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/document.h"
#include "core/workflow/file_source.h"
#include "core/workflow/report.h"

namespace batchite::workflow {

// The text for what stands between the braces; nullopt if that is no placeholder. Throws ExpressionError for one that
// cannot be filled.
using Fill = std::function<std::optional<std::string>(std::string_view placeholder)>;

// One pass, so that braces within values are left alone. {{ and }} are braces; any other left over is an
// ExpressionError.
std::string fill_placeholders(std::string_view text, const Fill& fill);

// Fillers. They borrow their argument.
Fill sweep_filler(const std::vector<std::int64_t>& values);
Fill file_filler(const SourceFile& file);

// Fills the properties of a repeatTask that may hold placeholders; everything else is copied.
Document fill_task(const Document& task, const Fill& fill, const std::string& path, const Report& report);

}  // namespace batchite::workflow
