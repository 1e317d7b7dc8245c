// torchwood-judge says whether a log of ours is one to filippo.io/torchwood, which we did not write.
//
//	torchwood-judge proof POLICY PROOF LEAF   a .tlog-proof of the bytes in LEAF
//	torchwood-judge log POLICY FOLDER         every leaf of the log whose files are in FOLDER
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := judge(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("proof POLICY PROOF LEAF, or log POLICY FOLDER")
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	policy, err := torchwood.ParsePolicy(text)
	if err != nil {
		return err
	}
	switch args[0] {
	case "proof":
		proof, err := os.ReadFile(args[2])
		if err != nil {
			return err
		}
		leaf, err := os.ReadFile(args[3])
		if err != nil {
			return err
		}
		return torchwood.VerifyProof(policy, tlog.RecordHash(leaf), proof)
	default:
		return readAll(policy, args[2])
	}
}

func readAll(policy torchwood.Policy, folder string) error {
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return err
	}
	tiles, err := torchwood.NewTileFS(os.DirFS(folder))
	if err != nil {
		return err
	}
	client, err := torchwood.NewClient(tiles)
	if err != nil {
		return err
	}
	count := int64(0)
	for range client.AllEntries(context.Background(), checkpoint.Tree, 0) {
		count++
	}
	if err := client.Err(); err != nil {
		return err
	}
	if count != checkpoint.N {
		return fmt.Errorf("%d leaves of %d", count, checkpoint.N)
	}
	fmt.Println(count)
	return nil
}
