"""The few storage calls the workflow needs, by the SDK of 2018 and by that of today."""
import datetime
import os

SAS_LIFE = datetime.timedelta(hours=2)


class OldStorage:
    """The SDK of x-ms-version 2018-11-09: BlockBlobService, as packaged by Debian."""

    def __init__(self, account, key, url):
        from azure.multiapi.storage.v2018_11_09 import blob

        self._sdk = blob
        # A custom domain is needed only where the account does not live at its usual address.
        domain = None if url.endswith(f"{account}.blob.core.windows.net") else url
        self._service = blob.BlockBlobService(account_name=account, account_key=key, custom_domain=domain)

    def create_container(self, container):
        self._service.create_container(container, fail_on_exist=False)

    def upload(self, container, path):
        """Returns an address by which a node can read the file."""
        name = os.path.basename(path)
        self._service.create_blob_from_path(container, name, path)
        token = self._service.generate_blob_shared_access_signature(
            container, name, permission=self._sdk.BlobPermissions.READ, expiry=datetime.datetime.utcnow() + SAS_LIFE)
        return self._service.make_blob_url(container, name, sas_token=token)

    def writable_url(self, container):
        """Returns an address by which a node can write into the container."""
        token = self._service.generate_container_shared_access_signature(
            container, permission=self._sdk.ContainerPermissions.WRITE,
            expiry=datetime.datetime.utcnow() + SAS_LIFE)
        return f"{self._service.protocol}://{self._service.primary_endpoint}/{container}?{token}"

    def names(self, container):
        return [blob.name for blob in self._service.list_blobs(container)]

    def download(self, container, name, path):
        self._service.get_blob_to_path(container, name, path)

    def delete_container(self, container):
        self._service.delete_container(container)


class Storage:
    """azure-storage-blob 12."""

    def __init__(self, account, key, url):
        from azure.storage import blob

        self._sdk, self._account, self._key = blob, account, key
        self._service = blob.BlobServiceClient(url, credential=key)

    def create_container(self, container):
        from azure.core.exceptions import ResourceExistsError

        try:
            self._service.create_container(container)
        except ResourceExistsError:
            pass

    def upload(self, container, path):
        name = os.path.basename(path)
        client = self._service.get_blob_client(container, name)
        with open(path, "rb") as file:
            client.upload_blob(file)
        token = self._sdk.generate_blob_sas(self._account, container, name, account_key=self._key, permission="r",
                                            expiry=datetime.datetime.utcnow() + SAS_LIFE)
        return f"{client.url}?{token}"

    def writable_url(self, container):
        token = self._sdk.generate_container_sas(self._account, container, account_key=self._key, permission="w",
                                                 expiry=datetime.datetime.utcnow() + SAS_LIFE)
        return f"{self._service.get_container_client(container).url}?{token}"

    def names(self, container):
        return [blob.name for blob in self._service.get_container_client(container).list_blobs()]

    def download(self, container, name, path):
        with open(path, "wb") as file:
            self._service.get_blob_client(container, name).download_blob().readinto(file)

    def delete_container(self, container):
        self._service.delete_container(container)


def open_storage(sdk, account, key, url):
    return (OldStorage if sdk == "2018-11-09" else Storage)(account, key, url)
