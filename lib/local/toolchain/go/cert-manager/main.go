// Runs cert-manager as processes beside an API server. The reconcilers, the webhook server, the CA injection and the API check are
// cert-manager's own; only these entry points are ours, because the modules of its commands are not published by themselves.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

var parts = map[string]func(context.Context, []string) error{
	"controller":      runController,
	"cainjector":      runInjector,
	"webhook":         runWebhook,
	"startupapicheck": runCheck,
}

func main() {
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "name the part to run: controller, cainjector, webhook or startupapicheck")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctrl.SetLogger(klog.Background())
	if err := parts[os.Args[1]](logr.NewContext(ctx, klog.Background()), os.Args[2:]); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
