// Command schema-provider is a Terraform provider that knows schemas and nothing else.
//
// It lets `tofu validate` check a program where the real provider cannot be had. It serves
// `<type>.json` from the folder of its executable, where the executable is named
// `terraform-provider-<type>`. The file has the shape of one entry of `provider_schemas` in the
// output of `tofu providers schema -json`:
// https://opentofu.org/docs/cli/commands/providers/schema/
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

const prefix = "terraform-provider-"

func main() {
	if err := run(os.Args[0]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(executable string) error {
	name, found := strings.CutPrefix(filepath.Base(executable), prefix)
	if !found {
		return fmt.Errorf("%s must be named %s<type>", executable, prefix)
	}
	content, err := os.ReadFile(filepath.Join(filepath.Dir(executable), name+".json"))
	if err != nil {
		return err
	}
	schemas, err := parse(content)
	if err != nil {
		return fmt.Errorf("%s.json: %w", name, err)
	}
	served := &provider{schemas: schemas}
	return tf6server.Serve("registry.opentofu.org/hashicorp/"+name, func() tfprotov6.ProviderServer { return served })
}
