#!/usr/bin/env python3
# needs: nothing
"""Whatever a misbehaving cloud says, nothing is lost, and one sentence says why. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/hostile.py [NAME...]
"""

import json
import sys
import time

sys.dont_write_bytecode = True

from support import runner
from support.fake_case import FakeCloudCase
from support.fake_cloud import lease, send, send_cut, send_error, send_json, send_page


class UntrustedLists(FakeCloudCase):
    """An answer that is not a list, or not a complete one, changes nothing."""

    def refuse(self, fault, status, *words):
        before = self.seed(10)
        self.cloud.list_fault = fault
        result = self.fail_with(status, "sync", words=("lab|127.0.0.1", *words))
        self.assertEqual(self.mirror(), before, "the mirror was changed")
        self.assertEqual(len(self.rows("list")), 10)
        self.assertEqual(self.query("SELECT outcome FROM sync_run ORDER BY run_id DESC LIMIT 1")[0][0],
                         "suspect" if status == 65 else "failed")
        self.cloud.list_fault = None
        self.succeed("sync")
        return result

    def test_a_web_page_with_status_200(self):
        self.refuse(send_page, 69, "captive portal|proxy|web page")

    def test_a_web_page_that_says_it_is_JSON(self):
        self.refuse(lambda h: send_page(h, "application/json"), 69, "proxy|captive portal", "nothing was changed")

    def test_JSON_that_is_no_list_of_leases(self):
        self.refuse(lambda h: send_json(h, {"hosts": []}), 69, "leases")

    def test_an_object_where_the_list_should_be(self):
        self.refuse(lambda h: send_json(h, {"leases": {}}), 69, "leases")

    def test_a_body_cut_short_of_its_length(self):
        self.refuse(lambda h: send_cut(h, {"leases": self.cloud.leases}, chunked=False), 69, "broke off", "try again")

    def test_a_chunked_body_cut_short(self):
        self.refuse(lambda h: send_cut(h, {"leases": self.cloud.leases}, chunked=True), 69, "broke off", "try again")

    def test_a_body_that_ends_in_the_middle_of_a_lease(self):
        def half(handler):
            body = json.dumps({"leases": self.cloud.leases}).encode()
            send(handler, 200, body[:len(body) * 2 // 3], "application/json")
        self.refuse(half, 69, "nothing was changed")

    def test_an_empty_body(self):
        self.refuse(lambda h: send(h, 200, b"", "application/json"), 69, "nothing was changed")

    def test_status_500(self):
        self.refuse(lambda h: send_error(h, 500, "Internal Server Error"), 69, "500", "req-00000000", "try again later")

    def test_status_503_with_Retry_After(self):
        self.refuse(lambda h: send_error(h, 503, "busy", {"Retry-After": "17"}), 69, "17 seconds")

    def test_status_429_with_Retry_After(self):
        self.refuse(lambda h: send_error(h, 429, "slow down", {"Retry-After": "17"}), 69, "17 seconds")

    def test_a_redirect_to_a_login_page(self):
        self.refuse(lambda h: send(h, 302, b"", "text/html", {"Location": "http://portal.invalid/"}), 69)

    def test_status_403(self):
        self.refuse(lambda h: send_error(h, 403, "Policy doesn't allow blazar:leases:get to be performed"), 77, "policy")

    def test_a_server_that_hangs(self):
        self.environment["LEASEHOLD_TIMEOUT_SECONDS"] = "1"
        self.refuse(self.cloud.hang, 69, "no answer in time", "try again")

    def test_a_server_that_hangs_in_the_middle_of_the_list(self):
        self.environment["LEASEHOLD_TIMEOUT_SECONDS"] = "1"

        def stall(handler):
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            handler.wfile.write(b'{"leases": [')
            handler.wfile.flush()
            self.cloud.hang(handler)
        self.refuse(stall, 69, "broke off", "no answer in time")

    def test_words_of_the_server_with_control_characters(self):
        result = self.refuse(lambda h: send_error(h, 500, "boom \x1b[2J\x07 \u202e end"), 69, "boom")
        self.assertNotRegex(result.err, "[\x00-\x09\x0b-\x1f\x7f\u202e]")

    def test_an_answer_that_repeats_the_token(self):
        self.refuse(lambda h: send_error(h, 500, "your token is " + h.headers["X-Auth-Token"]), 69, "500")

    def test_a_lease_that_cannot_be_read_is_left_as_it_was_and_the_others_are_taken(self):
        self.seed(10)
        self.cloud.leases[0] = {**self.cloud.leases[0], "name": 12, "start_date": "soon"}
        self.cloud.leases[1] = {**self.cloud.leases[1], "name": "renamed"}
        result = self.succeed("sync")
        self.assertIn("cannot be read", result.err)
        names = {row["name"] for row in self.rows("list")}
        self.assertIn("lease-0", names)
        self.assertIn("renamed", names)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class EndlessAnswers(FakeCloudCase):
    """An answer that never ends, although something keeps arriving, is ended by LEASEHOLD_TIMEOUT_SECONDS."""

    SECONDS = 5

    def end(self, beginning, piece, seconds=0.5):
        """The list, and then the answer to a create, never end."""
        self.environment["LEASEHOLD_TIMEOUT_SECONDS"] = str(self.SECONDS)

        def fault(handler):
            self.cloud.drip(handler, beginning, piece, seconds)
        before = self.seed(3)
        self.cloud.list_fault = fault
        began = time.monotonic()
        self.fail_with(69, "sync", words=("lab|127.0.0.1",))
        self.assertLess(time.monotonic() - began, 3 * self.SECONDS)
        self.assertEqual(self.mirror(), before, "the mirror was changed")
        self.cloud.list_fault = None

        def execute(handler):
            self.cloud.execute(handler)
            fault(handler)
        self.cloud.create_fault = execute
        began = time.monotonic()
        self.run_command("create", "mine", "--duration", "1h", "--node", "amount=1")
        self.assertLess(time.monotonic() - began, 3 * self.SECONDS + 2)
        self.cloud.create_fault = None
        self.succeed("sync")
        self.assertEqual([item["name"] for item in self.cloud.leases].count("mine"), 1, "made twice")

    def test_a_status_line_a_byte_at_a_time(self):
        self.end(b"HTTP/1.1 200 O", b"K")

    def test_a_header_field_without_end(self):
        self.end(HEAD + b"X-Padding: ", b"y")

    def test_header_fields_without_end(self):
        self.end(HEAD, b"X-Padding: y\r\n")

    def test_100_Continue_for_ever(self):
        self.end(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_103_Early_Hints_for_ever(self):
        self.end(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")

    def test_a_body_of_a_known_length_a_byte_at_a_time(self):
        self.end(HEAD + b"Content-Length: 100000\r\n\r\n{\"leases\": [{\"id\": \"", b"x")

    def test_a_body_until_the_connection_closes_a_byte_at_a_time(self):
        self.end(HEAD + b"\r\n{\"leases\": [{\"id\": \"", b"x")

    def test_a_chunk_of_one_byte_at_a_time(self):
        self.end(CHUNKED + b"b\r\n{\"leases\": \r\n", b"1\r\n[\r\n")

    def test_a_chunk_of_one_space_at_a_time(self):
        self.end(CHUNKED + b"c\r\n{\"leases\": [\r\n", b"1\r\n \r\n")

    def test_spaces_as_fast_as_they_go(self):
        self.end(CHUNKED + b"c\r\n{\"leases\": [\r\n", b"2000\r\n" + b" " * 8192 + b"\r\n", 0.002)

    def test_a_chunk_size_without_end(self):
        self.end(CHUNKED, b"0")

    def test_a_chunk_extension_without_end(self):
        self.end(CHUNKED + b"1;", b"x")

    def test_trailers_without_end(self):
        self.end(CHUNKED + b"e\r\n{\"leases\": []}\r\n0\r\n", b"X-Padding: y\r\n")

    def test_a_refusal_without_end(self):
        self.end(b"HTTP/1.1 500 No\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n", b" ")


class AbsurdNumbers(FakeCloudCase):
    """Whatever delay a server asks for, a write waits at most an hour, and nothing crashes."""

    DELAYS = ("9223372036854775807", "9223372036854775806", "86400000", "99999999999999999999",
              "Fri, 31 Dec 9999 23:59:59 GMT", "-1", "Mon, 01 Jan 0001 00:00:00 GMT")

    def test_Retry_After_of_a_creation_and_of_a_list(self):
        for delay in self.DELAYS:
            with self.subTest(delay=delay):
                def busy(handler):
                    send_error(handler, 429, "slow down", {"Retry-After": delay})
                self.cloud.create_fault = busy
                self.run_command("create", "mine", "--duration", "1h", "--node", "amount=1")
                self.cloud.create_fault = None
                for (wait,) in self.query(
                        "SELECT next_attempt_at - CAST(strftime('%s', 'now') AS INTEGER) FROM mutation"):
                    self.assertLessEqual(wait, 3600)
                self.cloud.list_fault = busy
                self.run_command("sync")
                self.cloud.list_fault = None
                self.succeed("sync")


class MissingLeases(FakeCloudCase):
    """A lease that is missing from the list is requested by itself; only Blazar's own 404 makes it deleted."""

    def suspect(self, before, *words):
        self.fail_with(65, "sync", words=("lab", "nothing was deleted", *words))
        after = self.mirror()
        self.assertEqual(after, before)

    def test_an_empty_list_after_500_leases_and_confirming_it(self):
        before = self.seed(500)
        self.cloud.leases = []
        self.suspect(before, "empty", "500", "--confirm-deletes")
        self.assertFalse([r for r in self.cloud.requests if "/leases/" in r], "leases were asked for")
        self.succeed("sync", "--confirm-deletes")
        self.assertEqual(self.rows("list"), [])
        self.assertEqual(len(self.rows("list", "--deleted")), 500)

    def test_more_than_a_fifth_missing_and_confirming_it(self):
        before = self.seed(20)
        kept = self.cloud.leases[5:]
        self.cloud.leases = kept
        self.suspect(before, "5 of 20", "--confirm-deletes")
        self.succeed("sync", "--confirm-deletes")
        gone = [row for row in self.rows("list", "--deleted") if row["deleted"]]
        self.assertEqual(len(gone), 5)
        for row in gone:
            self.assertLessEqual(row["deleted_after"], row["deleted_before"])
            self.assertEqual(self.rows("history", row["id"])[-1]["change"], "vanished")

    def test_one_missing_with_404_has_vanished(self):
        self.seed(10)
        lost = self.cloud.leases.pop(3)
        result = self.succeed("sync")
        self.assertRegex(result.out, f"vanished .*{lost['id']}")
        self.assertEqual(len(self.rows("list")), 9)
        self.assertEqual(self.rows("history", lost["id"])[-1]["change"], "vanished")

    def after_losing_one(self, fault):
        before = self.seed(10)
        self.cloud.leases.pop(3)
        self.cloud.lease_fault = fault
        return before

    def test_a_missing_lease_that_the_server_forbids_is_distrusted(self):
        before = self.after_losing_one(lambda h: send_error(h, 403, "Policy doesn't allow blazar:leases:get"))
        self.suspect(before, "token")

    def test_a_missing_lease_that_the_server_still_has_is_distrusted(self):
        known = lease(3)
        before = self.after_losing_one(lambda h: send_json(h, {"lease": known}))
        self.suspect(before, known["id"])

    def test_a_missing_lease_of_another_project_is_out_of_scope_and_not_deleted(self):
        foreign = {**lease(3), "project_id": "p2"}
        self.after_losing_one(lambda h: send_json(h, {"lease": foreign}))
        self.succeed("sync")
        row = next(r for r in self.rows("list", "--deleted") if r["id"] == foreign["id"])
        self.assertEqual(row["removal"], "out_of_scope")

    def lose_and_fail(self, fault, status):
        before = self.after_losing_one(fault)
        self.fail_with(status, "sync", words=("lab|127.0.0.1",))
        self.assertEqual(self.mirror(), before)

    def test_a_missing_lease_whose_question_is_answered_with_a_page_404(self):
        self.lose_and_fail(lambda h: send_page(h, status=404), 69)

    def test_a_missing_lease_whose_question_fails(self):
        self.lose_and_fail(lambda h: send_error(h, 500, "Internal Server Error"), 69)

    def test_a_missing_lease_that_comes_back_continues_its_history(self):
        self.seed(10)
        lost = self.cloud.leases.pop(3)
        self.succeed("sync")
        self.cloud.leases.append(lost)
        self.succeed("sync")
        self.assertEqual(len(self.rows("list")), 10)
        kinds = [row["change"] for row in self.rows("history", lost["id"])]
        self.assertIn("vanished", kinds)
        self.assertGreater(len(kinds), kinds.index("vanished") + 1)


if __name__ == "__main__":
    runner.main(at_once=6)
