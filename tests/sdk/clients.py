"""Clients of an emulator, as a user makes them."""
from azure.batch import BatchServiceClient
from azure.batch.batch_auth import SharedKeyCredentials
from azure.storage.blob import BlobServiceClient


def batch(server, key=None):
    return BatchServiceClient(SharedKeyCredentials(server.batch_account, key or server.batch_key),
                              batch_url=server.batch_url)


def blobs(server):
    return BlobServiceClient(server.blob_account_url, credential=server.storage_key)
