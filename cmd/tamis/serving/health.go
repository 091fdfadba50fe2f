package serving

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
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
			at, err := addresses(listen)
			if err != nil {
				return flags.Usagef("--listen %s: %w", listen, err)
			}
			// The certificate is for the name by which others ask; nothing is told here.
			client := &http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
			resp, err := ready(client, at)
			if err != nil {
				return fmt.Errorf("no server at %s: %w", listen, err)
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

// addresses are where a server that listens at an address is reached from this machine. They are
// numbers where listen leaves them open: a container need not know what localhost is.
func addresses(listen string) ([]string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		return []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}, nil
	}
	return []string{listen}, nil
}

// ready asks at each address until one answers.
func ready(client *http.Client, at []string) (resp *http.Response, err error) {
	for _, address := range at {
		for _, scheme := range []string{"http", "https"} {
			resp, err = client.Get(scheme + "://" + address + "/readyz")
			if err == nil && (scheme == "https" || resp.StatusCode != http.StatusBadRequest) { // what one of TLS answers to plain HTTP
				return resp, nil
			}
			if err == nil {
				resp.Body.Close()
			}
		}
	}
	return nil, err
}
