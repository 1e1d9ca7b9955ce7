// Applications as the Batch service tells of them: their ids and the versions that nodes can have. They are managed
// beside its operations (management.h). Source: learn.microsoft.com/rest/api/batchservice/application and recorded
// answers (without displayName where none was given).
#include "core/contract/error_codes.h"
#include "core/operations/lookup.h"
#include "core/operations/table.h"

namespace batchite {
namespace {

Document render_application(const Change& change, std::int64_t key) {
  const Row row = change.read().get(Kind::Application, key);
  const Document spec = Document::parse(row.spec);
  Document document = {{"id", row.id}};
  if (const Document* name = Reader(spec).find("displayName")) document["displayName"] = *name;
  document["versions"] = Document::array();
  for (const Document& package : Reader(spec).array("packages")) {
    if (Reader(package).text("state") == "active") document["versions"].push_back(package["version"]);
  }
  return document;
}

Answer list_applications(Change& change, const Call& call) {
  return page(change, call, Kind::Application, 0, render_application);
}

Answer get_application(Change& change, const Call& call) {
  const auto key = change.read().find(Kind::Application, 0, call.path.get("applicationId"));
  if (!key) throw Error(errors::kApplicationNotFound);
  return one(call, render_application(change, *key));
}

constexpr OperationRow kApplications[] = {
    {"Application_List", list_applications},
    {"Application_Get", get_application},
};

}  // namespace

std::span<const OperationRow> application_operations() { return kApplications; }

}  // namespace batchite
