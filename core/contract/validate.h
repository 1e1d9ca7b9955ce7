// What the contract's tables say about one document: is a request's body right, what is its normal form, and what of a
// resource may a caller of a given api-version see. Defaults and rules between properties are the operations' work.
// Pure; any thread.
#pragma once
#include "core/base/document.h"
#include "core/contract/contract.h"

namespace batchite::contract {

struct CheckOptions {
  Version version = newest_version();
  bool loose = false;       // let through properties and enum values that the version does not know
  bool only_count = false;  // objects in lists are counted but not looked into
};

// Throws the service's Error for the first thing wrong: InvalidRequestBody (no JSON object), UnsupportedProperty,
// MissingRequiredProperty, InvalidPropertyValue, or the code that belongs to the property (OutOfRangePriority,
// EmptyMetadataKey, AutoScalingFormulaTooLong, TaskDependencyListTooLong). Names are those of the innermost property.
// null counts as absent; read-only properties and members named "odata.…" are not looked at.
void check_body(const Model& model, const Document& body, const CheckOptions& options = {});

// A checked body as the service keeps it: durations, date-times, enum values, 64-bit numbers (as strings) and VM sizes
// in normal form; nulls, read-only properties and "odata.…" gone. What the model does not know stays as it is.
Document normalise(const Model& model, Document body);

// A resource as an answer to this version: without properties and enum values it does not know, without secrets,
// without nulls. What the model does not know stays.
Document shape(const Model& model, Document resource, Version version);

}  // namespace batchite::contract
