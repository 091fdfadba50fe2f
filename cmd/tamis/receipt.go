package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/attest"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
)

func (a *app) receiptCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "receipt verify|sign|key",
		Short: "Sign receipts, and tell whose a signed one is and whether it was altered",
		Long: `A signed receipt is what tamis context --json prints, with a signature (Ed25519 over
canonical JSON, RFC 8785). Verifying needs neither the index nor the key file: it says
the fingerprint of the key, which is for you to know. The text is held against the
sources by tamis context --replay.`,
		Example: `  tamis context --json "how are segments merged?" > receipt.json
  tamis receipt sign receipt.json > signed.json
  tamis receipt verify signed.json`,
		Args: flags.Subcommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.receiptVerify(), a.receiptSign(), a.receiptKey())
	return cmd
}

func (a *app) receiptVerify() *cobra.Command {
	var by string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify FILE", Short: "Say whose signature a receipt has and whether it was altered since", Args: flags.Exact("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.readFile(args[0])
			if err != nil {
				return err
			}
			s, err := attest.Verify(data)
			if err != nil {
				return fmt.Errorf("%s: %w", screen.Name(args[0]), err)
			}
			if by != "" && s.Fingerprint != by {
				return fmt.Errorf("%s is signed by %s, not by %s", screen.Name(args[0]), s.Fingerprint, screen.Line(by))
			}
			if asJSON {
				return a.printJSON(map[string]any{"valid": true, "fingerprint": s.Fingerprint, "signed": s.Signed})
			}
			_, err = fmt.Fprintf(a.out, "unaltered since %s, signed by %s\n", s.Signed.Format(time.RFC3339), s.Fingerprint)
			return err
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "fail where another key than that of this fingerprint signed it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) receiptSign() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "sign FILE", Short: "Print a receipt with a signature", Args: flags.Exact("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.readFile(args[0])
			if err != nil {
				return err
			}
			key, err := openKey(file)
			if err != nil {
				return err
			}
			out, err := key.Sign(data, time.Now())
			if err != nil {
				return fmt.Errorf("%s: %w", screen.Name(args[0]), err)
			}
			_, err = fmt.Fprintf(a.out, "%s\n", out)
			return err
		},
	}
	addKey(cmd, &file)
	return cmd
}

func (a *app) receiptKey() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "key", Short: "Print the fingerprint of the key that signs; it is made where there is none", Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := openKey(file)
			if err == nil {
				_, err = fmt.Fprintln(a.out, attest.Fingerprint(key.Public()))
			}
			return err
		},
	}
	addKey(cmd, &file)
	return cmd
}

func addKey(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "key", "", "file of the key (default $TAMIS_KEY, then tamis/receipts.pem in your folder of configurations)")
}

// openKey opens the key that signs, in the file that is named.
func openKey(file string) (*attest.Key, error) {
	if file == "" {
		file = os.Getenv("TAMIS_KEY")
	}
	if file == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, errors.New("there is no folder of configurations for the key: name a file with --key")
		}
		file = filepath.Join(dir, "tamis", "receipts.pem")
	}
	return attest.Open(file)
}

// readFile reads a file; "-" is standard input.
func (a *app) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.in)
	}
	return os.ReadFile(name)
}
