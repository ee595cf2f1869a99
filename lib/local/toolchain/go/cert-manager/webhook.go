package main

import (
	"context"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/internal/webhook"
	"github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util/cmapichecker"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
	logsapi "k8s.io/component-base/logs/api/v1"
)

// runWebhook judges custom resources; its flags are cert-manager's own.
func runWebhook(ctx context.Context, args []string) error {
	config, err := options.NewWebhookConfiguration()
	if err != nil {
		return err
	}
	flags := pflag.NewFlagSet("webhook", pflag.ContinueOnError)
	options.AddConfigFlags(flags, config)
	if err := flags.Parse(args); err != nil {
		return err
	}
	server, err := webhook.NewCertManagerWebhookServer(klog.Background(), *config)
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

// runCheck ends when the API server takes certificate requests and the webhook has judged one, as `cmctl check api` does.
func runCheck(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet("startupapicheck", pflag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "")
	patience := flags.Duration("wait", 0, "")
	flags.BoolP("verbose", "v", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	client := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(&clientcmd.ClientConfigLoadingRules{ExplicitPath: *kubeconfig}, nil)
	config, err := client.ClientConfig()
	if err != nil {
		return err
	}
	namespace, _, err := client.Namespace()
	if err != nil {
		return err
	}
	checker, err := cmapichecker.New(config, namespace)
	if err != nil {
		return err
	}
	var last error
	err = wait.PollUntilContextTimeout(ctx, time.Second, *patience, true, func(ctx context.Context) (bool, error) {
		last = checker.Check(ctx)
		return last == nil, nil
	})
	if err != nil {
		return last
	}
	return nil
}

// addLogFlags adds those flags that the chart gives to every part.
func addLogFlags(flags *pflag.FlagSet) {
	logs.AddFlags(logsapi.NewLoggingConfiguration(), flags)
}
