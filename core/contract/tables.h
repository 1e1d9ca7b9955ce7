// What generate.cc writes into tables.cc. Only contract.cc looks at it.
#pragma once
#include "core/contract/contract.h"

namespace batchite::contract::tables {

std::span<const std::string_view> versions();  // oldest first
std::span<const Operation> operations();       // in the order of operations.json
std::span<const Model> models();               // by name
std::span<const Enumeration> enumerations();   // by name

}  // namespace batchite::contract::tables
