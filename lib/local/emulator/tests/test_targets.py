"""What the load balancer knows of its targets."""
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from ml_platform_emulator.targets import TargetDirectory

GROUP = {"TargetGroupArn": "group", "HealthCheckPath": "/health"}


class Well(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_target_that_stopped_a_moment_ago_is_not_healthy_any_more():
    server = HTTPServer(("127.0.0.1", 0), Well)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    directory, target = TargetDirectory(), {"Id": "127.0.0.1", "Port": server.server_port}
    assert directory.health(GROUP, target)[0] == "healthy"
    assert directory.health(GROUP, target)[0] == "healthy"
    server.shutdown()
    server.server_close()
    state, reason, description = directory.health(GROUP, target)
    assert (state, reason) == ("unhealthy", "Target.FailedHealthChecks")
    assert "Connection refused" in description
