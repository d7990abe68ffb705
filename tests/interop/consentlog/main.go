// Checks what consentcore publishes of its log of evidence with tools of others.
//
//	consentlog LOG-KEY WITNESS-KEY OLD-CHECKPOINT CONSISTENCY PROOF LEAF
//
// The keys are verifier keys; the next three are files: an older checkpoint, hashes in base64 one to a line, and a
// tlog-proof whose checkpoint is the newest. LEAF is the hex of the SHA-256 of the body that the proof is about.
package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func hashes(lines []string) (found [][]byte) {
	for _, line := range lines {
		found = append(found, must(base64.StdEncoding.DecodeString(line)))
	}
	return found
}

func main() {
	args := os.Args[1:]
	file := func(at int) string { return string(must(os.ReadFile(args[at]))) }
	key := must(note.NewVerifier(args[0]))
	witness := must(fnote.NewVerifierForCosignatureV1(args[1]))
	old, _, _, err := flog.ParseCheckpoint([]byte(file(2)), key.Name(), key)
	must(old, err)

	head, text, _ := strings.Cut(file(4), "\n\n")
	newest, _, signed, err := flog.ParseCheckpoint([]byte(text), key.Name(), key, witness)
	must(newest, err)
	if len(signed.Sigs) != 2 {
		log.Fatalf("%d signatures of known keys, expected those of log and witness", len(signed.Sigs))
	}
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		log.Fatal("this is no tlog-proof")
	}
	index := must(strconv.ParseUint(strings.TrimPrefix(lines[1], "index "), 10, 64))
	leaf := rfc6962.DefaultHasher.HashLeaf(must(hex.DecodeString(args[5])))
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, newest.Size, leaf, hashes(lines[2:]), newest.Hash); err != nil {
		log.Fatal(err)
	}
	path := hashes(strings.Fields(file(3)))
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old.Size, newest.Size, path, old.Hash, newest.Hash); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("leaf %d of %s is in %d, which continues %d\n", index, newest.Origin, newest.Size, old.Size)
}
