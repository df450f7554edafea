insert into single (value) values ('a row on its own, a commit of its own')
