from enum import StrEnum


class NextStepActionType0(StrEnum):
    ANSWER_CANCEL = "answer_cancel"
    ANSWER_CUSTOMS = "answer_customs"
    ASK_SHOP = "ask_shop"
    BOOK_IN = "book_in"
    BRING_BACK = "bring_back"
    CARRY = "carry"
    CHECK_LABEL = "check_label"
    CLEAR = "clear"
    CLOSE_ORDER = "close_order"
    COLLECT = "collect"
    DECLARE = "declare"
    DELIVER = "deliver"
    DELIVER_AGAIN = "deliver_again"
    EXPORT = "export"
    FLY = "fly"
    HAND_OVER = "hand_over"
    LOOK_INTO = "look_into"
    MAKE_LABEL = "make_label"
    PACK = "pack"
    PRESENT_TO_CUSTOMS = "present_to_customs"
    REFUND = "refund"
    RELEASE_HOLD = "release_hold"
    REPLAY_DEAD_LETTER = "replay_dead_letter"
    RESERVE = "reserve"
    RETRY = "retry"
    SCREEN = "screen"
    SEARCH_WITH_CARRIER = "search_with_carrier"
    SEND_BACK = "send_back"
    SOLVE_PROBLEM = "solve_problem"
    TAKE_IN_CHARGE = "take_in_charge"
    WITHDRAW = "withdraw"

    def __str__(self) -> str:
        return str(self.value)
