package main

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type document struct {
	Provider    schema            `json:"provider"`
	Resources   map[string]schema `json:"resource_schemas"`
	DataSources map[string]schema `json:"data_source_schemas"`
}

type schema struct {
	Block block `json:"block"`
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	Blocks     map[string]nested    `json:"block_types"`
}

type attribute struct {
	Type      json.RawMessage `json:"type"`
	Nested    *object         `json:"nested_type"`
	Required  bool            `json:"required"`
	Optional  bool            `json:"optional"`
	Computed  bool            `json:"computed"`
	Sensitive bool            `json:"sensitive"`
}

// object is an attribute that has attributes: written with `=`, unlike a block.
type object struct {
	Nesting    string               `json:"nesting_mode"`
	Attributes map[string]attribute `json:"attributes"`
}

type nested struct {
	Nesting string `json:"nesting_mode"`
	Min     int64  `json:"min_items"`
	Max     int64  `json:"max_items"`
	Block   block  `json:"block"`
}

var blockNestings = map[string]tfprotov6.SchemaNestedBlockNestingMode{
	"single": tfprotov6.SchemaNestedBlockNestingModeSingle,
	"group":  tfprotov6.SchemaNestedBlockNestingModeGroup,
	"list":   tfprotov6.SchemaNestedBlockNestingModeList,
	"set":    tfprotov6.SchemaNestedBlockNestingModeSet,
	"map":    tfprotov6.SchemaNestedBlockNestingModeMap,
}

var objectNestings = map[string]tfprotov6.SchemaObjectNestingMode{
	"single": tfprotov6.SchemaObjectNestingModeSingle,
	"list":   tfprotov6.SchemaObjectNestingModeList,
	"set":    tfprotov6.SchemaObjectNestingModeSet,
	"map":    tfprotov6.SchemaObjectNestingModeMap,
}

func parse(content []byte) (*tfprotov6.GetProviderSchemaResponse, error) {
	var read document
	if err := json.Unmarshal(content, &read); err != nil {
		return nil, err
	}
	root, err := read.Provider.Block.convert()
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	resources, err := convertAll(read.Resources)
	if err != nil {
		return nil, err
	}
	dataSources, err := convertAll(read.DataSources)
	if err != nil {
		return nil, err
	}
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true},
		Provider:           &tfprotov6.Schema{Block: root},
		ResourceSchemas:    resources,
		DataSourceSchemas:  dataSources,
	}, nil
}

func convertAll(read map[string]schema) (map[string]*tfprotov6.Schema, error) {
	all := make(map[string]*tfprotov6.Schema, len(read))
	for name, entry := range read {
		converted, err := entry.Block.convert()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = &tfprotov6.Schema{Block: converted}
	}
	return all, nil
}

func (b block) convert() (*tfprotov6.SchemaBlock, error) {
	attributes, err := convertAttributes(b.Attributes)
	if err != nil {
		return nil, err
	}
	converted := &tfprotov6.SchemaBlock{Attributes: attributes}
	for name, entry := range b.Blocks {
		inner, err := entry.Block.convert()
		if err != nil {
			return nil, fmt.Errorf("%s.%w", name, err)
		}
		nesting, known := blockNestings[entry.Nesting]
		if !known {
			return nil, fmt.Errorf("%s: nesting mode %q of a block is not known", name, entry.Nesting)
		}
		converted.BlockTypes = append(converted.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Nesting: nesting, MinItems: entry.Min, MaxItems: entry.Max, Block: inner,
		})
	}
	return converted, nil
}

func convertAttributes(read map[string]attribute) ([]*tfprotov6.SchemaAttribute, error) {
	all := make([]*tfprotov6.SchemaAttribute, 0, len(read))
	for name, entry := range read {
		converted := &tfprotov6.SchemaAttribute{
			Name: name, Required: entry.Required, Optional: entry.Optional, Computed: entry.Computed, Sensitive: entry.Sensitive,
		}
		if err := entry.setType(converted); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, converted)
	}
	return all, nil
}

func (a attribute) setType(converted *tfprotov6.SchemaAttribute) (err error) {
	if a.Nested == nil {
		converted.Type, err = tftypes.ParseJSONType(a.Type) //nolint:staticcheck // the one parser of Terraform's type notation
		return err
	}
	nesting, known := objectNestings[a.Nested.Nesting]
	if !known {
		return fmt.Errorf("nesting mode %q of an attribute is not known", a.Nested.Nesting)
	}
	inner, err := convertAttributes(a.Nested.Attributes)
	converted.NestedType = &tfprotov6.SchemaObject{Attributes: inner, Nesting: nesting}
	return err
}
