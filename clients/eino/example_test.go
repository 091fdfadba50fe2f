package eino_test

import (
	"testing"

	"github.com/tamis-search/tamis/clients/go/exampletest"
)

func TestExample(t *testing.T) { exampletest.Run(t) }
