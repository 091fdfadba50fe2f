package serving

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
)

// healthCommand asks a server on this machine whether it is ready, for supervisors that run
// a command where there is no other program.
func (a *App) healthCommand(o *options) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "health [--listen 127.0.0.1:PORT]",
		Short: "Ask the server on this machine whether it is ready; exit 1 if not",
		Args:  flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, port, err := net.SplitHostPort(listen)
			if err != nil {
				return flags.Usagef("--listen %s: %w", listen, err)
			}
			// The certificate is for the name by which others ask; nothing is told here.
			client := &http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
			var resp *http.Response
			for _, scheme := range []string{"http", "https"} {
				resp, err = client.Get(scheme + "://" + net.JoinHostPort("localhost", port) + "/readyz")
				if err == nil && resp.StatusCode != http.StatusBadRequest { // what one of TLS answers to plain HTTP
					break
				}
			}
			if err != nil {
				return fmt.Errorf("no server at port %s: %w", port, err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("the server is not ready: %s", resp.Status)
			}
			_, err = fmt.Fprintln(a.Out, "ready")
			return err
		},
	}
	cmd.Flags().StringVar(&listen, "listen", o.listen, "where the server listens")
	return cmd
}
