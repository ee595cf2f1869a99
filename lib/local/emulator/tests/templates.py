"""Small CloudFormation templates, in the words that aws-cdk-lib 2.275 uses."""
from conftest import IMAGE

ECHO = """
import http.server, json, os, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/down':
            os._exit(9)
        body = json.dumps({'path': self.path, 'host': self.headers['Host'], 'env': dict(os.environ), 'pid': os.getpid()})
        if self.path.startswith('/ask/'):
            body = urllib.request.urlopen('http://' + self.path[5:], timeout=5).read().decode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(418)
        self.end_headers()
        self.wfile.write(str(len(body)).encode())
    def log_message(self, *args):
        print('served', self.path, flush=True)
print('up', flush=True)
http.server.ThreadingHTTPServer((os.environ['ML_HOST'], int(os.environ['ML_PORT'])), Handler).serve_forever()
"""


def ref(name: str) -> dict:
    """Ref."""
    return {"Ref": name}


def att(name: str, attribute: str) -> dict:
    """Fn::GetAtt."""
    return {"Fn::GetAtt": [name, attribute]}


def balancer(name: str) -> dict:
    """An internal load balancer whose listener answers 404 by itself."""
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
                     "Properties": {"Name": name, "Scheme": "internal", "Type": "application"}},
        "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
            "LoadBalancerArn": ref("Balancer"), "Port": 80, "Protocol": "HTTP", "DefaultActions": [
                {"Type": "fixed-response", "FixedResponseConfig": {
                    "StatusCode": "404", "ContentType": "application/json", "MessageBody": "\"nobody\""}}]}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/{name}"}},
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": name}},
    }


def group() -> dict:
    """A target group of addresses."""
    return {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
        "Port": 80, "Protocol": "HTTP", "TargetType": "ip", "VpcId": ref("Vpc"), "HealthCheckPath": "/health"}}


def rule(priority: int, conditions: dict, actions: list) -> dict:
    """A listener rule; conditions are field -> values."""
    configs = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}
    return {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
        "ListenerArn": ref("Listener"), "Priority": priority, "Actions": actions,
        "Conditions": [{"Field": field, configs[field]: {"Values": values}} for field, values in conditions.items()]}}


def task(command: list, family: str, image: str = IMAGE, **container) -> dict:
    """A Fargate task definition of one container."""
    definition = {"Name": "main", "Image": image, "Essential": True, "Command": command,
                  "PortMappings": [{"ContainerPort": 8080, "Protocol": "tcp"}],
                  "LogConfiguration": {"LogDriver": "awslogs", "Options": {
                      "awslogs-group": ref("Logs"), "awslogs-stream-prefix": "s", "awslogs-region": "us-east-1"}}}
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": {
        "Family": family, "Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"], "ContainerDefinitions": [{**definition, **container}]}}


def service(definition: str, target_group: str, name: str, count: int = 1) -> dict:
    """A Fargate service behind a target group, with a circuit breaker."""
    return {"Type": "AWS::ECS::Service", "DependsOn": ["Rule"], "Properties": {
        "ServiceName": name, "Cluster": ref("Cluster"), "TaskDefinition": ref(definition), "DesiredCount": count,
        "LaunchType": "FARGATE", "LoadBalancers": [
            {"ContainerName": "main", "ContainerPort": 8080, "TargetGroupArn": ref(target_group)}],
        "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                                    "MaximumPercent": 200, "MinimumHealthyPercent": 100}}}


def forward(*groups: tuple) -> list:
    """A forward action over (logical id, weight)."""
    if len(groups) == 1:
        return [{"Type": "forward", "TargetGroupArn": ref(groups[0][0])}]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": ref(name), "Weight": weight} for name, weight in groups]}}]
