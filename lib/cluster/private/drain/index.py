"""Custom resource that drains a cluster when it is deleted; see drain.py for what that means."""

from __future__ import annotations

import base64
import os
import time
from typing import Any

import boto3
from botocore.signers import RequestSigner

from drain import Kubernetes, Transient, drain


def on_event(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    properties = event["ResourceProperties"]
    # the same id for ever: another one would make CloudFormation delete "the old" drain of a live cluster
    return {"PhysicalResourceId": f"drain-{properties['ClusterName']}-{properties['Kind']}", "StartedAt": int(time.time())}


def is_complete(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    if event["RequestType"] != "Delete":
        return {"IsComplete": True}
    properties = event["ResourceProperties"]
    cluster = describe(properties["ClusterName"])
    if cluster is None:
        print(f"cluster {properties['ClusterName']} is gone: nothing to drain")
        return {"IsComplete": True}
    api = Kubernetes(cluster["endpoint"], token(properties["ClusterName"]), cluster["certificateAuthority"]["data"])
    try:
        left = [str(it) for it in drain(api, properties["Kind"])]
    except Transient as error:
        left = [str(error)]
    if not left:
        print(f"no {properties['Kind']} left")
        return {"IsComplete": True}
    print(f"waiting for {len(left)}: {'; '.join(left[:50])}")
    give_up = int(os.environ["GIVE_UP_SECONDS"])
    if time.time() - event.get("StartedAt", time.time()) > give_up:
        raise RuntimeError(
            f"after {give_up // 60} minutes the cluster still has {len(left)} objects that bill outside of it: "
            f"{'; '.join(left[:20])}. Remove them and delete the stack again; the drain goes on where it stopped"
        )
    return {"IsComplete": False}


def describe(name: str) -> dict[str, Any] | None:
    eks = boto3.client("eks")
    try:
        cluster = eks.describe_cluster(name=name)["cluster"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    # a cluster whose creation failed has no endpoint
    return cluster if cluster.get("endpoint") else None


def token(cluster: str) -> str:
    """What `aws eks get-token` prints: a presigned GetCallerIdentity bound to the cluster's name."""
    session = boto3.session.Session()
    client = session.client("sts")
    signer = RequestSigner(
        client.meta.service_model.service_id, session.region_name, "sts", "v4", session.get_credentials(), session.events
    )
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"{client.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": cluster},
            "context": {},
        },
        region_name=session.region_name,
        expires_in=60,
        operation_name="",
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
